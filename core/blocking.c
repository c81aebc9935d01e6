#include "blocking.h"

#include "judge.h"
#include "spare.h"
#include "state/blocklist.h"

/* Nobody of our own, authenticated or exempt is ever put on the list, by whatever way. */
static bool may_be_listed(struct gp_session *s)
{
    return s->facts.client_known && !judge_never(s) && !s->facts.authenticated &&
           spare(s, SPARE_BLOCKLIST) == 0;
}

static void complain(struct gp_session *s, const char *reason)
{
    char line[512];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "gatepost: client %.60s was not put on the blocklist: %.300s", s->facts.client_text.p,
                  reason);
    engine_log(s->engine, GP_LOG_ERROR, line);
}

static void say_full(struct gp_session *s, const struct block_outcome *outcome)
{
    char line[200];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w,
                  "gatepost: the blocklist is full: %llu entries had to make room so far; make it larger with "
                  "'gatepost blocks "
                  "resize'",
                  (unsigned long long)outcome->evicted);
    engine_log(s->engine, GP_LOG_WARNING, line);
}

/* Returns the seconds that CLIENT stays from now on, 0 if it could not be put there. */
static uint32_t put(struct gp_session *s, const struct block_request *request)
{
    char why[300];
    struct block_outcome outcome;
    struct blocklist *list = engine_blocklist(s->engine, s->settings, true, why, sizeof why);
    if (!list || blocklist_add(list, request, &outcome, why, sizeof why) != 0) {
        complain(s, why[0] ? why : "there is no state directory");
        return 0;
    }
    if (outcome.say_full)
        say_full(s, &outcome);
    return outcome.entry.until > request->now ? (uint32_t)(outcome.entry.until - request->now) : 0;
}

uint32_t blocking_for_rule(struct gp_session *s, const struct rule *rule)
{
    char cause[300];
    struct writer w = writer_on(cause, sizeof cause);
    if (!(rule->flags & RULE_BLOCK) || !may_be_listed(s))
        return 0;
    if (s->settings->log_only || !engine_keeps_state(s->engine))
        return rule->block_seconds ? rule->block_seconds : s->settings->block_time[0];
    ruleset_cause(s->rules, rule, &w);
    struct block_request request = {.client = &s->facts.client,
                                    .now = engine_now(s->engine, s->rules),
                                    .memory = s->settings->block_memory,
                                    .fixed_seconds = rule->block_seconds,
                                    .kind = BLOCK_RULE,
                                    .cause = writer_text(&w)};
    memcpy(request.steps, s->settings->block_time, sizeof request.steps);
    return put(s, &request);
}
