/*
 * header.h - splits the header of a message, which arrives in pieces of any size, into unfolded fields (RFC
 * 5322 section 2.2). One reader belongs to one session. It allocates only for a field that is not whole in one
 * piece, and never more than its ceiling.
 *
 * A field ends at a line end that no blank follows. Line ends may be CRLF or LF. Unfolding removes only line
 * ends. The header ends at the first empty line or at the first line that is not a field (no colon, or a name
 * with a byte outside 33…126); all later bytes are ignored. A first line "From …", as in mailbox files, is
 * skipped; "From : a@b" is a field. NUL, a CR without its LF and other bytes are kept. A name longer than the
 * ceiling is not a name. The size of the pieces makes no difference.
 */
#ifndef GATEPOST_HEADER_H
#define GATEPOST_HEADER_H

#include "core/base/text.h"

/* An unfolded field, borrowed for the call. The name may have blanks before the colon (RFC 5322 section
 * 4.5); they are in `line` but not in `name`. */
struct field {
    struct text line;  /* "Name: value" */
    struct text name;  /* "Name" */
    struct text value; /* what follows the colon, untrimmed: " value" */
    bool cut;          /* the field was longer than the ceiling: this is its beginning */
};

struct header_reader {
    void *context;
    void (*field)(void *context, const struct field *f);
    size_t ceiling; /* the longest field that is kept whole, in bytes */
    char *pending;  /* the current field so far, in memory of our own */
    size_t pending_size;
    size_t pending_cap;
    bool pending_cut;  /* the field is longer than the ceiling */
    bool pending_lost; /* there was no memory for the rest of the field */
    bool held_cr;      /* the last byte was a CR, which may be half a line end */
    bool in_field;     /* at least one byte of the current field has arrived */
    bool line_ended;   /* the last byte was a line end: the next byte shows whether the field continues */
    bool past_first;   /* the first line has been read, the only one that may be "From " */
    bool started;      /* at least one byte has arrived */
    bool over;         /* the header has ended */
    bool broken_off;   /* it ended at a line that is not a field */
    bool failed;       /* out of memory: some field was lost or cut */
};

void header_init(struct header_reader *r, size_t ceiling, void (*field)(void *context, const struct field *f),
                 void *context);

/* Reads bytes. Calls the function for each field as soon as the field is known to be complete. */
void header_feed(struct header_reader *r, const char *bytes, size_t n);

/* Reads one whole field as a server passes it on: its name, and what follows the colon, line ends included.
 * A piece that is not a field for us is skipped and does not end the header, because the server goes on
 * reading there. */
void header_field(struct header_reader *r, struct text name, struct text value);

/* Ends the bytes: passes on the last field. Afterwards the reader is `over`. */
void header_end(struct header_reader *r);

/* Prepares for the next message; memory is kept. */
void header_reset(struct header_reader *r);

void header_fini(struct header_reader *r);

/* Splits one unfolded line. Returns false if it is not a field. */
bool header_split(struct text line, struct field *out);

/* Removes the line ends from N bytes at P, as the reader does: each LF, and a CR right before it; other CRs
 * stay. Works in place and returns the new length. */
size_t header_unfold(char *p, size_t n);

/* Whether T can be a field name: 1 or more bytes, each 33 to 126 and no colon. */
bool header_name_is_valid(struct text t);

#endif
