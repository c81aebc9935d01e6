/*
 * json.h - text as a JSON string (RFC 8259). Bytes that are not UTF-8 are shown as if they were Latin-1, so
 * that the output is always valid.
 */
#ifndef GATEPOST_TOOLS_LIB_JSON_H
#define GATEPOST_TOOLS_LIB_JSON_H

#include "core/base/text.h"

#include <stdio.h>

/* Writes T with its quotes. */
void json_string(FILE *f, struct text t);

#endif
