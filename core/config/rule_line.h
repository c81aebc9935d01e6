/*
 * rule_line.h - one line of the rule language: operation, test, action, reply (gatepost.conf(5), RULES). Every
 * line of a MercuryS TRANSFLT.MER is such a line.
 */
#ifndef GATEPOST_CONFIG_RULE_LINE_H
#define GATEPOST_CONFIG_RULE_LINE_H

#include "core/rules/builder.h"
#include "line.h"
#include "reply.h"

/* A rule as it is in its line, with the places that messages point at. */
struct rule_text {
    struct rule_draft draft;
    size_t operation_at;
    size_t test_at;
    size_t action_at;
    size_t reply_at;
    struct text check_args; /* between the parentheses, trimmed */
    size_t args_at;
    bool block_letter; /* the action is in Mercury's letters, with S second, which cannot express `bounces` */
    bool needs_name;   /* the test looks at the client's host name */
};

/* Parses the line from its beginning. CODE (cap PATTERN_CODE_MAX) gets the pattern. Returns false after
 * reporting the reason, now or earlier, when a plugin did not load. Arguments of checks are compiled into B. */
bool rule_line_parse(struct line *l, struct builder *b, unsigned char *code, struct rule_text *out);

#endif
