#include "cli/object_table.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>
#include <vector>

#include "model/printer_columns.h"

namespace reprieve::cli {
namespace {

using Row = std::vector<std::string>;

std::string UpperCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// The first row is the header. Columns stand three spaces apart, as kubectl's do; no line ends in spaces.
std::string Render(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.append(row[i]);
      line.append(widths[i] - row[i].size() + 3, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out.append(line).push_back('\n');
  }
  return out;
}

Row Header(const std::vector<std::string_view>& columns, bool with_namespace) {
  Row out;
  if (with_namespace) out.push_back("NAMESPACE");
  for (const std::string_view column : columns) out.push_back(UpperCase(column));
  return out;
}

template <class T>
void AddTable(const std::vector<const T*>& objects, Row header, bool with_namespace, const auto& cells,
              std::string& out) {
  if (objects.empty()) return;
  std::vector<Row> rows = {std::move(header)};
  for (const T* object : objects) {
    Row row = cells(*object);
    if (with_namespace) row.insert(row.begin(), object->metadata.namespace_.str());
    rows.push_back(std::move(row));
  }
  if (!out.empty()) out.push_back('\n');
  out.append(Render(rows));
}

}  // namespace

std::string ObjectTables(const store::Store& store, Time now) {
  const std::vector<const jobset::JobSet*> jobsets = store.JobSets();
  const std::vector<const batch::Job*> jobs = store.Jobs();
  std::set<SharedString> namespaces;
  for (const jobset::JobSet* jobset : jobsets) namespaces.insert(jobset->metadata.namespace_);
  for (const batch::Job* job : jobs) namespaces.insert(job->metadata.namespace_);
  const bool with_namespace = namespaces.size() > 1;
  std::string out;
  AddTable(
      jobsets, Header(model::JobSetColumns(), with_namespace), with_namespace,
      [now](const jobset::JobSet& jobset) { return model::JobSetCells(jobset, now); }, out);
  AddTable(
      jobs, Header(model::JobColumns(), with_namespace), with_namespace,
      [now](const batch::Job& job) { return model::JobCells(job, now); }, out);
  return out;
}

}  // namespace reprieve::cli
