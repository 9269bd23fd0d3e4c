#include "base/shared_string.h"

#include <cstring>
#include <new>

#include "base/check.h"

namespace reprieve {

using shared_string_internal::Header;

SharedString::SharedString(std::string_view text) {
  if (text.empty()) return;
  REPRIEVE_CHECK(text.size() < std::numeric_limits<std::uint32_t>::max(), "a shared text is shorter than 4 GiB");
  void* block = ::operator new(sizeof(Header) + text.size());
  auto* header = new (block) Header{1, static_cast<std::uint32_t>(text.size())};
  std::memcpy(static_cast<char*>(block) + sizeof(Header), text.data(), text.size());
  text_ = header;
}

void SharedString::DropCounted() const {
  if (text_->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const std::size_t size = sizeof(Header) + text_->size;
  ::operator delete(const_cast<Header*>(text_), size);
}

}  // namespace reprieve
