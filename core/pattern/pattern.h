/*
 * pattern.h - Mercury expressions (gatepost.conf(5), PATTERNS). They are compiled into bytes without pointers,
 * so that they can be kept in a file and mapped. Matching takes time bounded by pattern length x text length,
 * allocates nothing, and may run in any thread.
 */
#ifndef GATEPOST_PATTERN_PATTERN_H
#define GATEPOST_PATTERN_PATTERN_H

#include "core/base/text.h"

enum {
    PATTERN_SOURCE_MAX = 1000, /* bytes of source; a longer one is an error */
    PATTERN_CODE_MAX = 16000   /* bytes of code that the longest source can need */
};

/* What is allowed but probably a mistake; positions are offsets into the source. */
struct pattern_notes {
    size_t literal_plus;  /* offset + 1 of a '+' with nothing before it, which is an ordinary plus sign; 0:
                           * none */
    size_t unknown_slash; /* offset + 1 of an ordinary '/': at the end or before a letter without a meaning;
                           * 0: none */
    size_t hidden; /* offset + 1 of a character that /s, /x or /X skips, so that the pattern never matches;
                    * 0: none */
};

struct pattern_error {
    size_t offset;       /* into the source */
    const char *message; /* a constant */
};

/* Compiles SOURCE (between its quotes) into CODE, which has CAP bytes (PATTERN_CODE_MAX are always enough).
 * Returns the number of bytes used, or 0 with *ERROR set. NOTES may be NULL. */
size_t pattern_compile(struct text source, unsigned char *code, size_t cap, struct pattern_notes *notes,
                       struct pattern_error *error);

/* Whether CODE is well formed, so that pattern_match() on it reads nothing outside it. For code that comes from
 * a file. */
bool pattern_is_sound(const unsigned char *code, size_t size);

/* 1 if all of SUBJECT matches, 0 if not. CODE must come from pattern_compile() or have passed
 * pattern_is_sound(). */
int pattern_match(const unsigned char *code, size_t size, struct text subject);

/* Returns whether some text that begins with PREFIX can match: 0 if certainly none does, else 1. (1 may be
 * wrong if the rest of the pattern contradicts itself, as in "a/ba".) */
int pattern_match_prefix(const unsigned char *code, size_t size, struct text prefix);

/* Returns what holds for every text that begins with BEGINNING: 1 all match, 0 none does, -1 it depends on
 * the rest. (-1 may be returned where 1 or 0 is true.) */
int pattern_match_beginning(const unsigned char *code, size_t size, struct text beginning);

/*
 * For an index: calls RUN, in order, for each maximal run of two bytes or more that are adjacent in every text
 * that matches, letter case folded. Single-byte sets count as their byte; nothing under /s, /x, /X is in a run.
 */
void pattern_literals(const unsigned char *code, size_t size, void (*run)(void *context, struct text folded),
                      void *context);

/* Writes the bytes that every match begins with, folded, as far as they are fixed, to OUT, at most CAP.
 * Returns how many. */
size_t pattern_prefix(const unsigned char *code, size_t size, char *out, size_t cap);

/* Whether it matches every text ("*"). */
bool pattern_matches_all(const unsigned char *code, size_t size);

/* If the pattern is "*LITERAL*" (plain bytes between two '*', nothing else, letters of either case): writes
 * the literal, folded, to OUT and returns its length. Otherwise, or if it is longer than CAP, returns 0. */
size_t pattern_is_search(const unsigned char *code, size_t size, char *out, size_t cap);

#endif
