// Amounts of bytes that the API server takes for no whole number.
//
// Source: tests/vectors/claims.yaml. Internal to the module. Pure; safe from any thread.
#pragma once

#include "model/quantity.h"

namespace reprieve::admission {

// By its thousandths, which are held at the limits of 64 bits: from 8.2 Pi on each amount seems to have a fraction.
inline bool SeemsFractional(const model::Quantity& bytes) {
  return bytes.MilliValue() % 1000 != 0;
}

}  // namespace reprieve::admission
