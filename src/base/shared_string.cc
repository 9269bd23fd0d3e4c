#include "base/shared_string.h"

#include <cstring>
#include <new>

#include "base/check.h"

namespace reprieve {

using shared_string_internal::Header;

namespace {

// Uninitialized text of that size with one reference.
const Header* Allocate(std::size_t size, char*& text) {
  REPRIEVE_CHECK(size < std::numeric_limits<std::uint32_t>::max(), "a shared text is shorter than 4 GiB");
  char* block = static_cast<char*>(::operator new(sizeof(Header) + size));
  text = block + sizeof(Header);
  return new (block) Header{RefCount(1), static_cast<std::uint32_t>(size)};
}

}  // namespace

SharedString::SharedString(std::string_view text) {
  if (text.empty()) return;
  char* to = nullptr;
  text_ = Allocate(text.size(), to);
  std::memcpy(to, text.data(), text.size());
}

SharedString SharedString::Join(std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  SharedString out;
  if (size == 0) return out;
  char* to = nullptr;
  out.text_ = Allocate(size, to);
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  return out;
}

void SharedString::Delete() const {
#ifdef __cpp_sized_deallocation
  const std::size_t size = sizeof(Header) + text_->size;
  ::operator delete(const_cast<Header*>(text_), size);
#else
  ::operator delete(const_cast<Header*>(text_));
#endif
}

}  // namespace reprieve
