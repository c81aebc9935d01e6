/*
 * received_shapes.h - how the clause `from` of a Received field is laid out: where the HELO name, the host name and
 * the address are. Which server writes which is in received_forms.c. Pure; any thread.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_SHAPES_H
#define GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_SHAPES_H

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

struct received_shape {
    const struct received_tokens *t;
    size_t from, to; /* the tokens of the clause */
    size_t after;    /* set by the shape: the comments from here on are the server's alone */
    bool verified;   /* the server shows verified names only */
};

/* Each returns whether the tokens `from` to `to` have that shape, and sets what they say; comments in
 * received_shapes.c show them. */
bool received_shapes_standard(struct received_shape *s, struct received *r);
bool received_shapes_bare(struct received_shape *s, struct received *r);
bool received_shapes_exim(struct received_shape *s, struct received *r);
bool received_shapes_qmail(struct received_shape *s, struct received *r);
bool received_shapes_helo_inside(struct received_shape *s, struct received *r);
bool received_shapes_literal(struct received_shape *s, struct received *r);
bool received_shapes_bracket(struct received_shape *s, struct received *r);
bool received_shapes_address(struct received_shape *s, struct received *r);
bool received_shapes_smail(struct received_shape *s, struct received *r);
bool received_shapes_glued(struct received_shape *s, struct received *r);

/* "(from NAME [ADDRESS])": Sendmail, where the client said no HELO. Returns whether the field begins so. */
bool received_shapes_comment_alone(const struct received_tokens *t, struct received *r);

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", "[::ffff:192.0.2.1]:1234", "[192.0.2.1:1234]", "[(192.0.2.1)]" or the same
 * without brackets. Returns whether T is that and nothing else. */
bool received_shapes_ip(struct text t, struct ip *out);

#endif
