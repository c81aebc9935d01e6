/*
 * received_forms.h - the forms of the clause `from` of a Received field, and which server writes which. Pure; any
 * thread.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_FORMS_H
#define GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_FORMS_H

#include "received.h"

enum { RECEIVED_TOKENS = 64 };

/* A word, or a comment without its parentheses. */
struct received_token {
    struct text text;
    bool comment;
};

/* A Received field in tokens, up to its date. */
struct received_tokens {
    struct received_token token[RECEIVED_TOKENS];
    size_t count;
    size_t by;    /* where the word `by` is; the count if it is missing */
    bool cut;     /* a parenthesis is never closed, or there are more tokens */
    bool regular; /* not cut, `by` is there once, and `from` once before it */
};

/* Finds the form of a field whose clauses are read already, and sets form, helo, name and client. Leaves all that
 * if no form matches. */
void received_forms_find(const struct received_tokens *t, struct received *r);

/* The number of forms, and the name of one: for tests and the manual. */
size_t received_forms_count(void);
const char *received_forms_name(size_t i);

/* Whether a comment of the server says that the client logged in. */
bool received_forms_authenticated(struct text comment);

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", "[::ffff:192.0.2.1]:1234", "[192.0.2.1:1234]", "[(192.0.2.1)]" or the same
 * without brackets. Returns whether T is that and nothing else. */
bool received_forms_address(struct text t, struct ip *out);

#endif
