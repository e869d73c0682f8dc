// Serving: framed requests on one file descriptor, framed answers on another. docs/runner.md describes the frames.
#pragma once

#include "model.h"

namespace vizecg {

// Returns when `in` ends between two requests. Throws Failure: kRefused when it ends within one or is out of step,
// kEnvironment when nobody reads `out` any more.
void serve(Model& model, int in, int out);

}  // namespace vizecg
