/*
 * mbox.h - takes stored mail apart: a file with one message, or an mbox with many. The file lies in memory;
 * everything handed out points into it. Lines end in LF or CRLF (see mbox_mend()). One reader belongs to one
 * thread.
 *
 * A file that begins with a postmark ("From user@example.com  Thu Jul 24 01:11:45 2003") is an mbox: another
 * message begins at each postmark, with an empty line before it or not. Only a line with a month, a time and a year is a postmark,
 * and only if a field follows it: not every program quotes a body line that begins with "From ". The header of a
 * message ends at its first empty line or at the first line that is no field, as in a mail server.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_MBOX_H
#define GATEPOST_TOOLS_TRANSCRIPT_MBOX_H

#include "core/base/text.h"

struct mbox {
    struct text rest;
    bool mbox;
    unsigned number; /* of the message handed out last, from 1 */
};

struct mbox_message {
    struct text postmark; /* the line "From …", without its end; empty if there is none */
    struct text header;   /* the fields, whole lines */
};

/* Mends a file as programs leave it: a byte order mark and a Ctrl-Z at the end are cut off, of an .emlx (Apple Mail)
 * the message is taken. Lines that end in CR alone are copied with LF into *MEMORY, which the caller frees. Returns
 * false when out of memory. */
bool mbox_mend(struct text *file, char **memory);

/* Whether a file begins as mail does: with a field, a postmark or an empty line before one. Others are indexes of a
 * maildir, pictures, and so on. */
bool mbox_is_mail(struct text file);

void mbox_init(struct mbox *s, struct text file);

/* Returns true and the next message, or false at the end. */
bool mbox_next(struct mbox *s, struct mbox_message *out);

/* Takes the next field off *HEADER: its lines, folded as they are, the last line end left out; and its name.
 * Returns false at the end. */
bool mbox_field(struct text *header, struct text *lines, struct text *name);

/* The sender in a postmark: empty, with *KNOWN set, for a null sender (MAILER-DAEMON, <>). */
struct text mbox_postmark_sender(struct text postmark, bool *known);

/* Takes the next line off *T, without LF or CRLF. Returns false if *T is empty. */
bool mbox_line(struct text *t, struct text *line);

#endif
