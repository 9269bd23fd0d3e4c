// The checks, each for the codes that its source names. Each adds what it finds, in no order.
//
// Pure; safe from any thread.
#pragma once

#include "lint/finding.h"
#include "lint/subject.h"

namespace reprieve::lint {

// Of a Job, alone or of a JobSet.
void CheckRuleReach(const JobSubject& job, Findings& out);
void CheckExitCodeRules(const JobSubject& job, Findings& out);
void CheckJobLimits(const JobSubject& job, Findings& out);
void CheckIndexLimits(const JobSubject& job, Findings& out);
void CheckCommands(const JobSubject& job, Findings& out);

// Of a JobSet as a whole.
void CheckJobSetRules(const JobSetSubject& jobset, Findings& out);
void CheckMessagePatterns(const JobSetSubject& jobset, Findings& out);
void CheckGang(const JobSetSubject& jobset, Findings& out);

// Labels and annotations of either, and of their templates.
void CheckKeys(const document::Value& manifest, Findings& out);

}  // namespace reprieve::lint
