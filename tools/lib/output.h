/*
 * output.h - the one gate for what the command prints. What others wrote (clients, logs, stored mail, tables, file names)
 * may hold escape sequences for a terminal, ends of lines that would begin a line of an access file, or marks that
 * turn the direction of writing round. Behind the gate such bytes are written as \xHH. Any thread.
 */
#ifndef GATEPOST_TOOLS_LIB_OUTPUT_H
#define GATEPOST_TOOLS_LIB_OUTPUT_H

#include "core/base/writer.h"

#include <stdio.h>

/*
 * The character at the front of T, which must not be empty. Returns how many bytes it has: 1 for a byte that is no UTF-8
 * (RFC 3629). *SAFE is false for control characters (C0, DEL, C1, also as a bare byte), for what parts lines or
 * paragraphs, is not seen or turns the direction of writing, and for bytes that are no UTF-8.
 */
size_t output_char(struct text t, bool *safe);

/* Whether all of T may be shown as it is. */
bool output_is_safe(struct text t);

/* Writes T through the gate. */
void output_text(FILE *f, struct text t);

/* The same into W, at most SIZE bytes of T, then "...". */
void output_add(struct writer *w, struct text t, size_t size);

/* fprintf(), in which the text of each %s goes through the gate. The format itself is ours and is written as it is. It
 * knows flags, width, precision and the conversions d i u x X c s, with l, ll and z, and f. */
void output_printf(FILE *f, const char *format, ...) __attribute__((format(__printf__, 2, 3)));
void output_vprintf(FILE *f, const char *format, va_list arguments) __attribute__((format(__printf__, 2, 0)));

/* The same for HTML: the format is markup; the text of each %s and %c is written so that it is text there, and in the value of
 * an attribute in quotes. */
void output_html(FILE *f, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* Standard output must have been written. Returns STATUS; or STATUS_CANNOT when it could not, which is said. */
int output_finish(const char *command, int status);

#endif
