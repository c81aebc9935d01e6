/*
 * rule_line.h - one line of the rule language: operation, test, action, reply (gatepost.conf(5), RULES). Every
 * line of a MercuryS TRANSFLT.MER is such a line.
 */
#ifndef GATEPOST_CONFIG_RULE_LINE_H
#define GATEPOST_CONFIG_RULE_LINE_H

#include "core/rules/builder.h"
#include "line.h"
#include "reply.h"

/* The most tests that `and` joins in one rule. */
enum { RULE_TESTS = 8 };

/* The text between the parentheses of a check, trimmed (of a table its name alone), and its place in the line. */
struct rule_args {
    struct text text;
    size_t at;
};

/* A rule as it is in its line, with the places that messages point at. */
struct rule_text {
    struct rule_draft draft;
    struct rule_draft
        more[RULE_TESTS - 1]; /* draft.more_n of them; whoever builds the rule lets draft.more point here */
    struct rule_args more_args[RULE_TESTS - 1];
    size_t operation_at;
    size_t test_at;
    size_t action_at;
    size_t reply_at;
    struct rule_args args;
    bool block_letter; /* the action is in Mercury's letters, with S second, which cannot express `bounces` */
    bool needs_name;   /* some test looks at the client's host name */
};

/* Parses the line from its beginning. CODE (cap PATTERN_CODE_MAX) gets the pattern. Returns false after
 * reporting the reason, now or earlier, when a plugin did not load. Arguments of checks are compiled into B. */
bool rule_line_parse(struct line *l, struct builder *b, unsigned char *code, struct rule_text *out);

#endif
