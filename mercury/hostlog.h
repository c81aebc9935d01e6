/*
 * hostlog.h - the daemon's lines in Mercury's System Messages window, and in the file gatepost.log beside the
 * DLL if there is one. Mercury as a Windows service has no window that anybody could look at; the file is for
 * that, and whoever wants it makes an empty one. Any thread.
 */
#ifndef GATEPOST_MERCURY_HOSTLOG_H
#define GATEPOST_MERCURY_HOSTLOG_H

#include <stdbool.h>

#include "mercury_abi.h"

/* From now on lines go to LOGSTRING (NULL: nowhere) and to the file. While no event is being judged. */
void hostlog_begin(void (*logstring)(INT_16 ltype, INT_16 priority, char *str));

/* Writes one line. Mercury surely takes 250 characters; a longer line goes to it in pieces, those after the
 * first marked as such. */
void hostlog_line(INT_16 priority, const char *line);

/* Says why mail is not judged. */
void hostlog_inert(const char *reason);

/* The path of FILE beside this DLL, in OUT. Returns false if it is too long. */
bool hostlog_beside(const char *file, size_t n, char *out, size_t cap);

#endif
