/*
 * transcript.h - turns stored mail back into dialogues: what the client said to the server that took the
 * message in, as far as the message still shows it.
 *
 * Of the Received fields the one counts whose server took the message in: the first from the top that `by`
 * accepts, else the first whose client has a public address. A hop of a server to itself is none. Fields above it
 * were added by that server or later; those below came from the client, but for what the server put among them.
 * One transcript belongs to one thread.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_TRANSCRIPT_H
#define GATEPOST_TOOLS_TRANSCRIPT_TRANSCRIPT_H

#include "core/base/arena.h"
#include "mbox.h"

struct transcript_counts {
    uint64_t messages;
    uint64_t sessions;
    uint64_t no_received;  /* no usable Received field: no session */
    uint64_t unknown_form; /* the Received field of the server is in a form that is not known: no session */
    uint64_t no_name;
    uint64_t no_helo;
    uint64_t no_sender;
    uint64_t no_recipient;
    uint64_t no_time;
    uint64_t own_message_id; /* a Message-ID that the server itself had added, left out */
    uint64_t own_fields;     /* other fields that the server had put in, left out */
};

struct transcript {
    struct text by_domain;        /* --by as a domain: it and names below it; empty: none given */
    const unsigned char *by_code; /* --by as a compiled pattern */
    size_t by_size;
    const char *label; /* --label, or NULL: deduced from the path */
    bool list_unknown; /* --unknown: Received fields in unknown forms are written, instead of dialogues */
    void *context;
    void (*put)(void *context, const char *bytes, size_t n); /* where dialogues go */
    struct transcript_counts counts;
    struct arena arena; /* for one message at a time */
};

void transcript_init(struct transcript *t, void (*put)(void *context, const char *bytes, size_t n),
                     void *context);
void transcript_fini(struct transcript *t);

/* Writes the session of one message. SOURCE is where it comes from, for the comment above and the label.
 * Returns false when out of memory. */
bool transcript_message(struct transcript *t, const char *source, unsigned number,
                        const struct mbox_message *m);

/* "spam" or "ham", if the last part of PATH that has one of these words in it has only that one; else empty. A
 * word is letters with none beside them: spam, spam-1, easy_ham, not spamassassin. */
struct text transcript_label(struct text path);

#endif
