#include "judge.h"

#include "autoblock.h"
#include "statistics.h"
#include "core/rules/evaluate.h"
#include "core/rules/plugin.h"
#include "exemption.h"
#include "decision.h"
#include "log.h"
#include "repeats.h"

static const enum gp_action action_of[ACT_COUNT] = {
    [ACT_REFUSE] = GP_REFUSE, [ACT_FAIL] = GP_FAIL, [ACT_CLOSE] = GP_CLOSE,
    [ACT_DROP] = GP_DROP,     [ACT_HOLD] = GP_HOLD,
};

/* Rules of one matcher or of two, merged in file order. */
struct asking {
    struct gp_session *s;
    enum operation op;
    enum gp_phase phase;
    struct text subject;
    struct candidates from[2];
    uint32_t next[2];
    int spared; /* -2 until a rule has triggered, then exemption_ask()'s answer */
};

/* Does not set `from`: it is large, and is set only for a matcher that has candidates. */
static void asking_init(struct asking *a, struct gp_session *s, enum operation op, enum gp_phase phase,
                        struct text subject)
{
    a->s = s;
    a->op = op;
    a->phase = phase;
    a->subject = subject;
    a->next[0] = a->next[1] = UINT32_MAX;
    a->spared = -2;
}

/* Returns false if no rule can hold, which is so most of the time. */
static bool asking_begin(struct asking *a, const struct matcher *first, const struct matcher *second)
{
    const struct matcher *m[2] = {first, second};
    bool any = false;
    a->s->facts.asking = a->op;
    for (int i = 0; i < 2; i++) {
        if (m[i] &&
            index_find(a->s->rules, m[i], a->subject, a->s->trace != NULL, a->s->words[i], &a->from[i])) {
            a->next[i] = index_next(&a->from[i]);
            any = true;
        }
    }
    return any;
}

static const struct rule *asking_next(struct asking *a)
{
    for (;;) {
        int i = a->next[1] < a->next[0];
        uint32_t number = a->next[i];
        if (number == UINT32_MAX)
            return NULL;
        a->next[i] = index_next(&a->from[i]);
        const struct rule *rule = block_rule(a->s->rules, number);
        if (rule && evaluate_is_sound(a->s->rules, rule) && rule->operation == a->op)
            return rule;
    }
}

/* A check of a plugin: logs if it cannot say, or took too long. */
static int ask_plugin(struct asking *a, const struct rule *rule, struct writer *why)
{
    enum { SLOW_MS = PLUGIN_LIMIT_MS + 500 }; /* some extra time, for a busy machine */
    struct gp_session *s = a->s;
    const int64_t begun = os_ticks_ms();
    const int holds = evaluate_rule(s->rules, rule, &s->facts, a->subject, why);
    const int64_t took = os_ticks_ms() - begun;
    if (holds < 0 && !evaluate_lacks_fact(rule, &s->facts))
        session_log_check(s, rule, "cannot say", why->p);
    if (took > SLOW_MS) {
        char slow[60];
        struct writer w = writer_on(slow, sizeof slow);
        writer_printf(&w, "it took %lld milliseconds", (long long)took);
        session_log_check(s, rule, "is slow", slow);
    }
    return holds;
}

/* One test of a rule: 1 it speaks for the rule, 0 against it, -1 it cannot say. */
static int ask_test(struct asking *a, const struct rule *test, struct writer *why)
{
    struct gp_session *s = a->s;
    if (!evaluate_is_sound(s->rules, test))
        return -1;
    const int holds = test->flags & RULE_PLUGIN ? ask_plugin(a, test, why)
                                                : evaluate_rule(s->rules, test, &s->facts, a->subject, why);
    return holds < 0 ? -1 : evaluate_triggers(test, holds);
}

/* Whether all tests speak for the rule. The trace shows why each does or does not; without it, asking ends with the first
 * that does not. */
static bool triggers(struct asking *a, const struct rule *rule)
{
    struct gp_session *s = a->s;
    char why[400], cause[300], tests[1400];
    struct writer w = writer_on(why, sizeof why);
    const struct rule *test;
    bool all = true;
    for (uint32_t i = 0; i <= rule->more.n && (all || s->trace); i++) {
        test = block_test(s->rules, rule, i);
        if (!test) /* the stored rules are damaged: with a test less the rule would be another */
            return false;
        writer_add(&w, i ? TEXT("; ") : TEXT(""));
        all = ask_test(a, test, s->trace || (test->flags & RULE_PLUGIN) ? &w : NULL) == 1 && all;
    }
    if (!s->trace)
        return all;
    struct writer c = writer_on(cause, sizeof cause), t = writer_on(tests, sizeof tests);
    block_cause(s->rules, rule, &c);
    block_tests_text(s->rules, rule, &t);
    session_log_trace(s, "  %s: %s %s: %s: %s%s", cause, operation_name[a->op], tests, why,
                      all ? "triggers: " : "does not trigger", all ? action_name[rule->action] : "");
    return all;
}

/* Whether the rule's effect on the client waits for MAIL, and lapses with AUTH. */
static bool waits(struct asking *a, const struct rule *rule)
{
    struct gp_session *s = a->s;
    bool held = a->op == OP_HELO_DEFERRED || (s->waits_for_auth && a->phase <= GP_PHASE_HELO);
    /* What the connection holds remains after the next HELO. */
    if (held && (rule->flags & RULE_BLOCK) && !(s->held_block && s->held_block->operation == OP_CONNECT))
        s->held_block = rule;
    return held;
}

/* A `log` rule: it can put the client on the blocklist only when it first triggers in a transaction, and
 * many triggers give few log lines. */
static void act_log(struct asking *a, const struct rule *rule)
{
    struct gp_session *s = a->s;
    const struct decision d = {.phase = a->phase, .operation = a->op, .cause = CAUSE_RULE, .rule = rule};
    const bool header = a->phase == GP_PHASE_DATA;
    uint32_t seconds = 0;
    if (s->silent) {
        waits(a, rule);
        return;
    }
    const uint32_t times = header || repeats_counts(a->phase) ? repeats_note(s, &d) : 0;
    if (!waits(a, rule) && !(header && times > 1))
        seconds = autoblock_for_rule(s, rule);
    if (header && times == 1)
        repeats_blocked(s, rule, seconds);
    else if (!(header && times) && times <= REPEATS_LINES)
        session_log_rule(s, rule, a->phase, seconds, 0);
}

/* Carries out a rule that triggered. Returns true if no more rules are tried. */
static bool act(struct asking *a, const struct rule *rule, struct decision *d)
{
    struct gp_session *s = a->s;
    statistics_rule(s, rule);
    switch (rule->action) {
    case ACT_LOG:
        act_log(a, rule);
        return false;
    case ACT_SKIP:
        return true;
    case ACT_EXEMPT:
        s->exempt = true;
        return true;
    default:
        *d = (struct decision){.action = action_of[rule->action],
                               .phase = a->phase,
                               .operation = a->op,
                               .cause = CAUSE_RULE,
                               .rule = rule,
                               .reply = block_reply(s->rules, rule)};
        return true;
    }
}

/* Whether a test of RULE looks at the fact of another operation which the client is exempt from: that exemption is not
 * to be undone here. 1, 0, or -1 where the table cannot be used. */
static int exempt_elsewhere(struct gp_session *s, const struct rule *rule)
{
    uint32_t about = 0;
    const struct rule *test;
    for (uint32_t i = 0; (test = block_test(s->rules, rule, i)) != NULL; i++)
        about |= evaluate_about(test);
    for (unsigned other = 0; other < OP_COUNT; other++) {
        int exempt = about & OP_BIT(other) ? exemption_ask(s, (enum operation)other, CAUSE_RULE) : 0;
        if (exempt != 0)
            return exempt;
    }
    return 0;
}

static void ask(struct asking *a, const struct matcher *first, const struct matcher *second, struct decision *d)
{
    const struct rule *rule;
    if (!asking_begin(a, first, second))
        return;
    while ((rule = asking_next(a)) != NULL) {
        if (!triggers(a, rule))
            continue;
        /* All rules of an operation are exempt alike, so the first that triggers looks this up for all of
         * them. */
        if (a->spared == -2)
            a->spared = exemption_ask(a->s, a->op, CAUSE_RULE);
        if (a->spared != 0) {
            if (a->spared > 0)
                statistics_event(a->s, STATS_EXEMPTED);
            session_log_trace(a->s, "  %s: %s", operation_name[a->op],
                              a->spared > 0 ? "exempt by the exemption table"
                                            : "the exemption table cannot be used: on-error");
            if (a->spared < 0)
                decision_on_error(a->s, a->op, a->phase, d);
            return;
        }
        const int elsewhere = exempt_elsewhere(a->s, rule);
        if (elsewhere != 0) {
            session_log_trace(a->s, "  %s: exempt from an operation that a test of this rule is about",
                              operation_name[a->op]);
            if (elsewhere > 0)
                statistics_event(a->s, STATS_EXEMPTED);
            else
                decision_on_error(a->s, a->op, a->phase, d);
            if (elsewhere < 0)
                return;
            continue;
        }
        if (act(a, rule, d))
            return;
    }
}

void judge(struct gp_session *s, enum operation op, enum gp_phase phase, struct text subject,
           struct decision *d)
{
    const struct matcher *m = block_matcher(s->rules, op);
    struct asking a;
    if (m->rule_count == 0)
        return;
    session_log_trace(s, " %s:", operation_name[op]);
    asking_init(&a, s, op, phase, subject);
    ask(&a, m, NULL, d);
}

void judge_field(struct gp_session *s, const struct field *field, const struct named_field *named,
                 struct decision *d)
{
    const struct matcher *general = block_matcher(s->rules, OP_HEADER);
    struct asking a;
    s->facts.field = field;
    if (general->rule_count || (named && named->rules.rule_count)) {
        session_log_trace(s, " header %.*s:", (int)(field->name.n < 80 ? field->name.n : 80), field->name.p);
        asking_init(&a, s, OP_HEADER, GP_PHASE_DATA, field->line);
        ask(&a, general, named ? &named->rules : NULL, d);
    }
    if (d->action != GP_PASS || s->exempt)
        return;
    if (text_eq_nocase(field->name, TEXT("Subject")))
        judge(s, OP_SUBJECT, GP_PHASE_DATA, field->line, d);
    else if (text_eq_nocase(field->name, TEXT("Message-ID")))
        judge(s, OP_MESSAGE_ID, GP_PHASE_DATA, text_trim(field->value), d);
}
