// Rules are said to stand where the user wrote them: the places of a manifest for the objects made from it.
//
// A Job takes them from the Job of its name, or from the template of its JobSet; the namespace does not matter, since
// manifests often leave it out. Rules that differ from the object's keep the object's places, and a note says so. Pure.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"
#include "report/objects.h"

namespace reprieve::report {

struct ManifestLines {
  bool used = false;               // for some object
  std::vector<std::string> notes;  // about rules that differ
};

// `manifest`: one object of the file.
ManifestLines UseLinesOf(const document::Value& manifest, const std::string& file, Objects& objects);

}  // namespace reprieve::report
