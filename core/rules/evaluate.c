#include "evaluate.h"

#include "checks.h"
#include "core/pattern/pattern.h"
#include "plugin_checks.h"

bool evaluate_is_sound(const struct block *r, const struct rule *rule)
{
    if (!r->distrusted)
        return true;
    if (rule->operation >= OP_COUNT || rule->action >= ACT_COUNT)
        return false;
    const uint32_t at = OP_BIT(rule->operation);
    if (rule->flags & RULE_PATTERN)
        return true;
    if (rule->flags & RULE_PLUGIN) {
        const struct check_note *note = block_check(r, rule->operand);
        return note && (note->operations & at);
    }
    return rule->check < checks_count && (checks_registry[rule->check].operations & at);
}

uint32_t evaluate_about(const struct rule *test)
{
    if (test->flags & (RULE_PATTERN | RULE_PLUGIN))
        return 0;
    const uint32_t about =
        checks_about(&checks_registry[test->check], test->operand, (enum operation)test->operation);
    return about & OP_BIT(test->operation) ? 0 : about;
}

static const uint32_t fact_of[OP_COUNT] = {
    [OP_CONNECT] = GP_FACT_NAME, [OP_HELO] = GP_FACT_HELO, [OP_HELO_DEFERRED] = GP_FACT_HELO,
    [OP_MAIL] = GP_FACT_MAIL,    [OP_RCPT] = GP_FACT_RCPT, [OP_HEADERS] = GP_FACT_ALL_FIELDS,
};

/* Whether a pattern of RULE sees only the beginning of what the client sent. */
static bool subject_is_cut(const struct rule *rule, const struct facts *facts)
{
    return rule->operation >= OP_HEADER ? facts->field && facts->field->cut
                                        : (fact_of[rule->operation] & facts->cut) != 0;
}

static int match_subject(const unsigned char *code, size_t size, struct text subject, bool cut)
{
    return cut ? pattern_match_beginning(code, size, subject) : pattern_match(code, size, subject);
}

static int test_pattern(const struct block *r, const struct rule *rule, const struct facts *facts,
                        struct text subject, struct writer *why)
{
    const unsigned char *code = block_at(r, rule->test.at, rule->test.n);
    if (!code || (r->distrusted && !pattern_is_sound(code, rule->test.n))) {
        if (why)
            writer_add(why, TEXT("the stored rules are damaged here"));
        return -1;
    }
    const bool cut = subject_is_cut(rule, facts);
    int matched = match_subject(code, rule->test.n, subject, cut);
    /* It is not documented what Mercury matches a Subject rule with. Trying the whole field and then its
     * value covers both. */
    if (matched != 1 && rule->operation == OP_SUBJECT && facts->field) {
        subject = text_trim(facts->field->value);
        int second = match_subject(code, rule->test.n, subject, cut);
        matched = matched == 0 || second == 1 ? second : matched;
    }
    if (why) {
        writer_quoted(why, subject, 120);
        writer_add(why, matched < 0 ? TEXT(" was cut, and the rest decides")
                        : matched   ? TEXT(" matches")
                                    : TEXT(" does not match"));
    }
    return matched;
}

bool evaluate_lacks_fact(const struct rule *rule, const struct facts *facts)
{
    /* A check of ours names the facts that it cannot do without. */
    const bool own = !(rule->flags & (RULE_PATTERN | RULE_PLUGIN));
    const uint32_t lacking =
        (own ? checks_registry[rule->check].facts : fact_of[rule->operation]) & facts->unknown;
    /* For a line that was cut, a pattern judges what is there; test_pattern() handles this. */
    if ((rule->flags & RULE_PATTERN) && subject_is_cut(rule, facts))
        return false;
    /* At connect the address is always known, and checks may need only that. */
    if (!lacking || own || rule->operation != OP_CONNECT || (rule->flags & RULE_PATTERN))
        return lacking != 0;
    return (rule->flags & RULE_PLUGIN) && (plugin_checks_needs(facts->plugins, rule) & lacking);
}

int evaluate_rule(const struct block *r, const struct rule *rule, const struct facts *facts,
                  struct text subject, struct writer *why)
{
    if (evaluate_lacks_fact(rule, facts)) {
        if (why)
            writer_add(why, TEXT("cannot say: the server did not pass on what the test needs"));
        return -1;
    }
    if (rule->flags & RULE_PATTERN)
        return test_pattern(r, rule, facts, subject, why);
    if ((rule->flags & RULE_PLUGIN) && subject_is_cut(rule, facts)) {
        if (why)
            writer_add(why, TEXT("cannot say: the text was cut"));
        return -1;
    }
    return rule->flags & RULE_PLUGIN ? plugin_checks_match(facts->plugins, rule, facts, subject, why)
                                     : checks_registry[rule->check].match(facts, rule->operand, why);
}
