#include "statistics.h"

static struct stats *stats_of(struct gp_session *s)
{
    char why[200];
    return engine_keeps_state(s->engine) && !s->silent
               ? engine_state_file(s->engine, STATE_FILES_STATS, s->settings, true, why, sizeof why)
               : NULL;
}

uint64_t statistics_rule_hash(const struct block *r, const struct rule *rule)
{
    char text[1400];
    struct writer w = writer_on(text, sizeof text);
    const struct rule *test;
    writer_printf(&w, "%s ", operation_name[rule->operation]);
    for (uint32_t n = 0; (test = block_test(r, rule, n)) != NULL; n++) {
        struct text source = block_source(r, test);
        /* The name of a check means the same in either case. In a pattern, and in arguments of plugins, case
         * may matter. */
        const bool keeps_case = (test->flags & (RULE_PATTERN | RULE_PLUGIN)) != 0;
        writer_printf(&w, "%s%s%s", n ? " and " : "", test->flags & RULE_NOT ? "not " : "",
                      test->flags & RULE_PATTERN ? "\"" : "");
        for (size_t i = 0; i < source.n; i++)
            writer_char(&w, keeps_case ? source.p[i] : (char)fold((unsigned char)source.p[i]));
    }
    writer_printf(&w, " %s", action_name[rule->action]);
    return stats_rule_hash(writer_text(&w));
}

void statistics_rule(struct gp_session *s, const struct rule *rule)
{
    struct stats *stats = stats_of(s);
    if (stats)
        stats_count_rule(stats, statistics_rule_hash(s->rules, rule));
}

void statistics_decision(struct gp_session *s, const struct decision *d)
{
    struct stats *stats = stats_of(s);
    if (!stats)
        return;
    if (s->settings->log_only) {
        stats_count_would(stats, d->phase, d->action);
        return;
    }
    stats_count_verdict(stats, d->phase, d->action);
    if (d->cause == CAUSE_BLOCK_TABLE)
        stats_count(stats, STATS_REFUSED_BLOCK_TABLE);
    else if (d->cause == CAUSE_BLOCKLIST)
        stats_count(stats, STATS_REFUSED_BLOCKLIST);
    else if (d->cause == CAUSE_ON_ERROR)
        stats_count(stats, STATS_ON_ERROR);
}

void statistics_event(struct gp_session *s, enum stats_counter counter)
{
    struct stats *stats = stats_of(s);
    if (stats)
        stats_count(stats, counter);
}
