/*
 * problem.h - an error or a warning as a person at a terminal reads it, on standard error: "file:12:9:
 * message", then the line it stands in and a caret below the place.
 */
#ifndef GATEPOST_TOOLS_LIB_PROBLEM_H
#define GATEPOST_TOOLS_LIB_PROBLEM_H

#include "core/base/error.h"

void problem_show(const struct error *e, bool warning, struct text source);

#endif
