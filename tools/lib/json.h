/*
 * json.h - writes JSON (RFC 8259): the writer adds commas, quotes and brackets. Bytes that are not UTF-8 are
 * written as if they were Latin-1, so that the output is always valid; characters that output.h would not print
 * are written as \uXXXX. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_LIB_JSON_H
#define GATEPOST_TOOLS_LIB_JSON_H

#include "core/base/text.h"

#include <stdio.h>

struct json {
    FILE *f;
    unsigned depth;  /* open brackets */
    uint32_t arrays; /* by depth: it is an array */
    uint32_t lines;  /* by depth: each item begins a line */
    uint32_t filled; /* by depth: it has an item */
};

/* Each NAME is the name of a member of an object; NULL in an array and for the document itself. */

struct json json_on(FILE *f);
void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);

/* An array each of whose items begins a line. */
void json_lines(struct json *j, const char *name);

/* Closes the innermost object or array. After the document itself a line ends. */
void json_end(struct json *j);

void json_text(struct json *j, const char *name, struct text value);
void json_number(struct json *j, const char *name, uint64_t value);
void json_bool(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);

#endif
