/*
 * header.h - the header of a message, cut anywhere, taken apart into unfolded fields (RFC 5322 section 2.2).
 * One reader belongs to one session; it allocates only for a field that does not lie whole in one piece, and
 * never more than its ceiling.
 *
 * A field ends at a line end that no blank follows. Line ends may be CRLF or LF. Unfolding removes line ends
 * only. The header ends at the first empty line or at the first line that is no field (no colon, or a name with
 * a byte outside 33…126); what comes then is ignored. A first line "From …" as mailbox files have it is
 * skipped; "From : a@b" is a field. NUL, a CR without its LF and other bytes are kept as they are. A name that
 * is longer than the ceiling is none. How the bytes are cut into pieces makes no difference.
 */
#ifndef GATEPOST_HEADER_H
#define GATEPOST_HEADER_H

#include "core/base/text.h"

/* An unfolded field, borrowed for the call. A name may be followed by blanks before the colon (RFC 5322
 * section 4.5); they are in `line` but not in `name`. */
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
    char *pending;  /* what came of the current field, in memory of our own */
    size_t pending_size;
    size_t pending_cap;
    bool pending_cut;  /* it passed the ceiling */
    bool pending_lost; /* there was no memory for the rest of it */
    bool held_cr;      /* the last byte was a CR, which may be half a line end */
    bool in_field;     /* some byte of the current field came */
    bool line_ended;   /* the last byte was a line end: the next one says whether the field goes on */
    bool past_first;   /* the first line was read, which alone may be "From " */
    bool started;      /* some byte came */
    bool over;         /* the header has ended */
    bool broken_off;   /* it ended at a line that is no field, not at an empty one or with the bytes */
    bool failed;       /* out of memory: some field was lost or cut */
};

void header_init(struct header_reader *r, size_t ceiling, void (*field)(void *context, const struct field *f),
                 void *context);

/* Takes bytes. The function is called for each field as soon as it is known to be complete. */
void header_feed(struct header_reader *r, const char *bytes, size_t n);

/* Takes one whole field as a server hands it out: its name, and what stands after the colon, line ends included. A
 * piece that is no field to us is passed over and does not end the header, for the server goes on reading there. */
void header_field(struct header_reader *r, struct text name, struct text value);

/* No more bytes: hands out the last field. Afterwards the reader is `over`. */
void header_end(struct header_reader *r);

/* Ready for the next message; memory is kept. */
void header_reset(struct header_reader *r);

void header_fini(struct header_reader *r);

/* Splits one unfolded line. Returns false if it is no field. */
bool header_split(struct text line, struct field *out);

/* Takes the line ends out of N bytes at P, as the reader does: each LF, and a CR right before it; other CRs
 * stay. Returns the new length; works in place. */
size_t header_unfold(char *p, size_t n);

/* Whether T can be a field name: 1 or more bytes, each 33 to 126 and no colon. */
bool header_name_is_valid(struct text t);

#endif
