#include "lint.h"

#include <stdlib.h>

#include "core/rules/checks.h"
#include "core/rules/index.h"
#include "core/pattern/pattern.h"

enum { LINT_MOST = 256 << 20, LITERAL_MOST = 1024 };

struct lint_note {
    struct lint_note *next;
    struct line line;
    size_t test_at;
};

void lint_init(struct lint *lint)
{
    *lint = (struct lint){0};
    arena_init(&lint->arena, LINT_MOST);
}

void lint_fini(struct lint *lint)
{
    arena_fini(&lint->arena);
}

/* Whether the test is gatepost's own check of that name. */
static bool is_check(const struct rule_draft *d, const char *name)
{
    return !(d->flags & (RULE_PATTERN | RULE_PLUGIN)) && strcmp(checks_registry[d->check].name, name) == 0;
}

static bool contains(struct text whole, struct text part)
{
    return part.n && text_find_nocase(whole, part) < whole.n;
}

/* A HELO pattern is matched with the verb too, and a client may use either verb. */
static void lint_helo(struct line *l, const struct rule_text *rule)
{
    const struct rule_draft *d = &rule->draft;
    if (!(d->flags & RULE_PATTERN) || (d->operation != OP_HELO && d->operation != OP_HELO_DEFERRED))
        return;
    const unsigned char *code = (const unsigned char *)d->code.p;
    bool helo = pattern_match_prefix(code, d->code.n, TEXT("HELO "));
    bool ehlo = pattern_match_prefix(code, d->code.n, TEXT("EHLO "));
    const char *effect = d->flags & RULE_NOT ? "every client triggers it" : "it never matches";
    if (!helo && !ehlo)
        line_warning(l, rule->test_at,
                     "the pattern must match the whole command, HELO or EHLO included: %s; begin it with '*'",
                     effect);
    else if (helo != ehlo)
        line_warning(l, rule->test_at,
                     "the pattern depends on whether the client says HELO or EHLO; begin it with '*', or with "
                     "[EH][HE]LO");
}

struct naming {
    struct text reply;
    bool named;
};

static void names_literal(void *context, struct text run)
{
    struct naming *n = context;
    if (run.n >= 4 && memchr(run.p, '@', run.n) && contains(n->reply, run))
        n->named = true;
}

/* If the reply reveals the trap, spammers avoid it. */
static void lint_trap_reply(struct line *l, const struct rule_text *rule)
{
    static const struct text words[] = {{"trap", 4}, {"honeypot", 8}, {"honey pot", 9}};
    const struct rule_draft *d = &rule->draft;
    struct naming naming = {.reply = d->reply};
    bool is_trap = is_check(d, "trap");
    bool is_like_one = (d->flags & RULE_PATTERN) && (d->flags & RULE_BLOCK);
    if (d->operation != OP_RCPT || d->action == ACT_LOG || (!is_trap && !is_like_one))
        return;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        naming.named = naming.named || contains(d->reply, words[i]);
    if (is_like_one)
        pattern_literals((const unsigned char *)d->code.p, d->code.n, names_literal, &naming);
    if (naming.named)
        line_warning(l, rule->reply_at,
                     "the reply reveals to the client that the address is a trap; choose another text");
}

static void lint_header_actions(struct line *l, const struct rule_text *rule)
{
    const struct rule_draft *d = &rule->draft;
    if (d->operation >= OP_HEADER && d->action == ACT_REFUSE)
        line_warning(l, rule->action_at,
                     "'refuse' also rejects the client's other messages in this session, so they bounce; use "
                     "'fail' to reject only this one");
    bool missing_id =
        (d->flags & RULE_NOT) && is_check(d, "has") && text_eq_nocase(rule->args.text, TEXT("Message-ID"));
    if (missing_id && (d->flags & RULE_BLOCK))
        line_warning(l, rule->action_at,
                     "this puts honest clients on the blocklist: a list server may send no Message-ID");
}

/* MercuryS blacklists every client that triggers a rule with S. A bounce or a callout to a trap comes from
 * an honest server, so here S does not block the sender of a bounce, and no letter changes that. */
static void lint_bounces(struct lint *lint, struct line *l, const struct rule_text *rule)
{
    const struct rule_draft *d = &rule->draft;
    const bool sender_known = d->operation >= OP_MAIL;
    if ((d->flags & RULE_BOUNCES) && !sender_known)
        line_warning(l, rule->action_at, "no sender is known at %s, so 'bounces' changes nothing there",
                     operation_name[d->operation]);
    if (!rule->block_letter || !sender_known || lint->told_bounces)
        return;
    lint->told_bounces = true;
    line_warning(
        l, rule->action_at,
        "unlike in Mercury, S puts nobody on the blocklist for a message from the null sender (a bounce or "
        "a callout); where that is wanted, write the action in words: %s block bounces",
        action_name[d->action]);
}

void lint_rule(struct lint *lint, struct line *l, const struct rule_text *rule)
{
    lint_bounces(lint, l, rule);
    lint_helo(l, rule);
    lint_trap_reply(l, rule);
    lint_header_actions(l, rule);
    struct lint_note *note = arena_alloc(&lint->arena, sizeof *note);
    if (!note)
        return;
    *note = (struct lint_note){.line = *l, .test_at = rule->test_at};
    note->line.text = arena_text(&lint->arena, l->text);
    if (lint->last)
        lint->last->next = note;
    else
        lint->first = note;
    lint->last = note;
}

/* One rule compared with those before it. */
struct hiding {
    const struct block *rules;
    uint32_t number; /* the later rule */
    const struct rule *later;
    const struct matcher *matcher;
    uint64_t *words;
    uint32_t by; /* the earlier rule that hides it; UINT32_MAX: none yet */
};

static const unsigned char *code_of(const struct block *r, const struct rule *rule)
{
    return block_at(r, rule->test.at, rule->test.n);
}

static bool same_test(const struct block *r, const struct rule *a, const struct rule *b)
{
    const unsigned what = RULE_NOT | RULE_PATTERN | RULE_PLUGIN;
    if ((a->flags & what) != (b->flags & what))
        return false;
    if (!(a->flags & RULE_PATTERN))
        return a->check == b->check && a->operand == b->operand;
    return a->test.n == b->test.n && memcmp(code_of(r, a), code_of(r, b), a->test.n) == 0;
}

static bool holds_always(const struct block *r, const struct rule *rule)
{
    return (rule->flags & RULE_PATTERN) && !(rule->flags & RULE_NOT) && rule->more.n == 0 &&
           pattern_matches_all(code_of(r, rule), rule->test.n);
}

/* An earlier "*literal*" is in RUN, which occurs in every text that the later rule matches. */
static void hidden_by_search(void *context, struct text run)
{
    struct hiding *h = context;
    struct candidates c;
    char literal[LITERAL_MOST];
    if (!index_find(h->rules, h->matcher, run, false, h->words, &c))
        return;
    for (uint32_t n = index_next(&c); n < h->number; n = index_next(&c)) {
        const struct rule *earlier = block_rule(h->rules, n);
        if (earlier->action == ACT_LOG || !(earlier->flags & RULE_PATTERN) || (earlier->flags & RULE_NOT) ||
            earlier->more.n)
            continue;
        size_t size = pattern_is_search(code_of(h->rules, earlier), earlier->test.n, literal, sizeof literal);
        if (size && contains(run, text_of(literal, size)) && n < h->by)
            h->by = n;
    }
}

static uint32_t hash_test(const struct block *r, const struct rule *rule)
{
    uint32_t h =
        2166136261u ^ rule->operation ^ (uint32_t)(rule->flags & (RULE_NOT | RULE_PATTERN | RULE_PLUGIN)) << 8;
    if (!(rule->flags & RULE_PATTERN))
        return (h ^ rule->check) * 16777619u ^ rule->operand * 2654435761u;
    const unsigned char *code = code_of(r, rule);
    for (uint32_t i = 0; i < rule->test.n; i++)
        h = (h ^ code[i]) * 16777619u;
    return h;
}

static void warn_hidden(const struct lint_note *note, const struct block *r, uint32_t by, struct report *report)
{
    char cause[300];
    struct writer w = writer_on(cause, sizeof cause);
    struct line l = note->line;
    block_cause(r, block_rule(r, by), &w);
    l.report = report;
    line_warning(&l, note->test_at, "this rule is never reached: %s decides before it", cause);
}

void lint_hidden(struct lint *lint, const struct block *r, struct report *report)
{
    const uint32_t count = block_rule_count(r);
    uint32_t cap = 64;
    while (cap < count * 2)
        cap *= 2;
    uint32_t *seen = calloc(cap, sizeof *seen); /* 1 + number of the first rule with that test */
    uint64_t *words = calloc(block_most_rules(r) / 64 + 1, sizeof *words);
    uint32_t all[OP_COUNT]; /* the first rule that decides for every text */
    memset(all, 0xff, sizeof all);
    const struct lint_note *note = lint->arena.failed ? NULL : lint->first; /* no longer one per rule */
    for (uint32_t i = 0; seen && words && i < count && note; i++, note = note->next) {
        const struct rule *rule = block_rule(r, i);
        struct hiding h = {.rules = r, .number = i, .later = rule, .words = words, .by = all[rule->operation]};
        uint32_t at = hash_test(r, rule) & (cap - 1);
        while (seen[at] && !(block_rule(r, seen[at] - 1)->operation == rule->operation &&
                             same_test(r, block_rule(r, seen[at] - 1), rule)))
            at = (at + 1) & (cap - 1);
        if (seen[at] && seen[at] - 1 < h.by)
            h.by = seen[at] - 1;
        else if (!seen[at] && rule->action != ACT_LOG && rule->more.n == 0)
            seen[at] = i + 1;
        h.matcher = block_matcher(r, (enum operation)rule->operation);
        if ((rule->flags & RULE_PATTERN) && !(rule->flags & RULE_NOT))
            pattern_literals(code_of(r, rule), rule->test.n, hidden_by_search, &h);
        if (h.by < i)
            warn_hidden(note, r, h.by, report);
        if (rule->action != ACT_LOG && holds_always(r, rule) && all[rule->operation] == UINT32_MAX)
            all[rule->operation] = i;
    }
    free(seen);
    free(words);
}
