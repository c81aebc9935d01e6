/*
 * against.h - compares how two rule files judge the same sessions, for `gatepost replay --against`. Each dialogue file is
 * played with the new rules first, then with the old ones. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_AGAINST_H
#define GATEPOST_TOOLS_REPLAY_AGAINST_H

#include "playback.h"
#include "summary.h"

enum against_side { AGAINST_NEW, AGAINST_OLD, AGAINST_SIDES };

/* How the verdict on a session differs. */
enum against_change { CHANGE_REFUSED, CHANGE_PASSED, CHANGE_OTHER, CHANGES };

struct against_note;

struct against {
    bool verdicts, json; /* print each session with a different verdict; as JSON */
    enum against_side side;
    struct summary counts[AGAINST_SIDES];
    uint64_t changes[CHANGES][SUMMARY_LABELS];
    struct against_note *notes; /* the results of the new rules for the present file */
    size_t n, cap, at;
};

/* The next file is played with the rules of SIDE. */
void against_begin(struct against *a, enum against_side side);

/* A session was judged. Returns false when out of memory. */
bool against_add(struct against *a, const struct played *played, const struct outcome *outcome);

/* Prints the counts of both sides and what changed. */
void against_print(struct against *a, const char *new_conf, const char *old_conf);

/* Returns whether only the new rules refuse a session labelled `ham`. */
bool against_refuses_ham(const struct against *a);

void against_fini(struct against *a);

#endif
