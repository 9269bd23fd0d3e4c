#include "workloads.h"
namespace reprieve::bench {
std::vector<Figure> RunTrue(const std::string&) { return {}; }
std::vector<Figure> FirstProcess(const std::string&) { return {}; }
std::vector<Figure> Help(const std::string&) { return {}; }
}
