/*
 * output.h - the one gate for everything that the command prints. Text of others (clients, logs, stored mail,
 * tables, file names) may contain escape sequences for a terminal, line ends that would begin a line of an
 * access file, or marks that reverse the direction of writing. The gate writes such bytes as \xHH. Any thread.
 */
#ifndef GATEPOST_TOOLS_LIB_OUTPUT_H
#define GATEPOST_TOOLS_LIB_OUTPUT_H

#include "core/base/writer.h"

#include <stdio.h>

/*
 * Reads the character at the front of T, which must not be empty. Returns how many bytes it has: 1 for a byte
 * that is not UTF-8 (RFC 3629). *SAFE is false for control characters (C0, DEL, C1, also as a bare byte), for
 * characters that separate lines or paragraphs, are invisible or reverse the direction of writing, and for
 * bytes that are not UTF-8.
 */
size_t output_char(struct text t, bool *safe);

/* Returns whether all of T may be shown unchanged. */
bool output_is_safe(struct text t);

/* Writes T through the gate. */
void output_text(FILE *f, struct text t);

/* The same into W, at most SIZE bytes of T, then "...". */
void output_add(struct writer *w, struct text t, size_t size);

/* Like fprintf(), but the text of each %s goes through the gate. The format itself is ours and is written
 * unchanged. It supports flags, width, precision and the conversions d i u x X c s, with l, ll and z, and f. */
void output_printf(FILE *f, const char *format, ...) __attribute__((format(__printf__, 2, 3)));
void output_vprintf(FILE *f, const char *format, va_list arguments) __attribute__((format(__printf__, 2, 0)));

/* The same for HTML: the format is markup; the text of each %s and %c is escaped so that it is text there,
 * also in the value of an attribute in quotes. */
void output_html(FILE *f, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* Checks that standard output was written. Returns STATUS; or STATUS_CANNOT if it was not, which is
 * reported. */
int output_finish(const char *command, int status);

#endif
