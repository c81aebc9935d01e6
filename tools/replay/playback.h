/*
 * playback.h - plays a dialogue against a peer and compares the replies with its S: lines. One playback belongs
 * to one thread; it plays any number of dialogues one after the other, and the clock continues from one to the
 * next.
 */
#ifndef GATEPOST_TOOLS_REPLAY_PLAYBACK_H
#define GATEPOST_TOOLS_REPLAY_PLAYBACK_H

#include "dialogue.h"
#include "peer.h"

/* What is reported of a session. */
struct played {
    const char *file;
    unsigned line;     /* of its connect line */
    uint64_t number;   /* from 1 */
    struct text label; /* "spam", "ham" or empty */
    struct visitor visitor;
    bool expected;     /* it has an S: line that was compared */
    bool failed;       /* and one of them did not match */
    unsigned messages; /* DATA answered 354 */
};

struct playback {
    struct peer *peer;
    unsigned server; /* enum server: whose S@ lines count; 0: none */
    int64_t clock;   /* seconds since 1970 */
    bool show;       /* pass every line to `line` */
    uint64_t sessions;
    uint64_t passed;
    uint64_t failed;
    uint64_t messages;
    void *context;

    /* Called before a session. CONFIG is the latest `config` in this file, or empty. Returns 0, or -1 to
     * stop everything. */
    int (*begin)(void *context, const char *file, struct text config, const struct played *played);
    void (*end)(void *context, const struct played *played);

    /* A finished line for people about an S: line that did not match. */
    void (*mismatch)(void *context, const char *line);

    /* One line of the conversation: WHO is '=', 'C' or 'S'. DEVIATION says in a word how a reply differs
     * from an ordinary yes, or is NULL. */
    void (*line)(void *context, char who, struct text text, const char *deviation);

    /* Called from time to time: bytes of the file that are done, and all of them. */
    void (*progress)(void *context, uint64_t done, uint64_t all);
};

/* Plays the dialogue in BYTES, which must have no errors. Returns 0, or -1 when the peer cannot go on or
 * `begin` returned -1; then the reason was reported, or is in peer->reason. */
int playback_play(struct playback *p, const char *file, struct text bytes);

#endif
