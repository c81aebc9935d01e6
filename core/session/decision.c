#include "decision.h"

#include "autoblock.h"
#include "statistics.h"
#include "exemption.h"
#include "log.h"
#include "repeats.h"
#include "verdict.h"

void decision_on_error(const struct gp_session *s, enum operation op, enum gp_phase phase, struct decision *d)
{
    if (s->settings->on_error_tempfail)
        *d = (struct decision){.action = op == OP_CONNECT ? GP_CLOSE
                                         : op == OP_HELO  ? GP_REFUSE
                                                          : GP_FAIL,
                               .phase = phase,
                               .operation = op,
                               .cause = CAUSE_ON_ERROR};
}

int decision_unless_exempt(struct gp_session *s, const struct decision *found, struct decision *d)
{
    int exempt = exemption_ask(s, found->operation, found->cause);
    if (exempt == 0)
        *d = *found;
    else if (exempt < 0)
        decision_on_error(s, found->operation, found->phase, d);
    return exempt;
}

int decision_pass(struct gp_session *s, struct gp_verdict *v)
{
    static const struct decision none;
    s->told = none;
    return verdict_fill(s, &none, v);
}

int decision_repeat(struct gp_session *s, const struct decision *d, struct gp_verdict *v)
{
    s->told = *d;
    return verdict_fill(s, d, v);
}

/* The consequences of a rule's decision for the client. */
static void block_client(struct gp_session *s, struct decision *d)
{
    uint32_t relay = autoblock_for_pattern(s, d);
    d->block_seconds = autoblock_for_rule(s, d->rule);
    if (relay > d->block_seconds)
        d->block_seconds = relay;
}

int decision_apply(struct gp_session *s, struct decision *d, struct gp_verdict *v)
{
    if (!decision_is_made(d))
        return decision_pass(s, v);
    if (d->action == GP_HOLD && decision_is_made(&s->holding))
        return decision_repeat(s, &s->holding, v); /* what this client did to a trap is known */
    if (d->action == GP_HOLD && !engine_can_hold(s->engine))
        d->action = GP_REFUSE;
    if (d->cause == CAUSE_RULE)
        block_client(s, d);
    statistics_decision(s, d);
    session_log_trace_decision(s, d);
    /* What ends the session cannot repeat. */
    const bool repeats = repeats_counts(d->phase) && (d->action == GP_FAIL || s->settings->log_only);
    if (!repeats || repeats_note(s, d) <= REPEATS_LINES)
        session_log_decision(s, d, 0);
    if (s->settings->log_only)
        return decision_pass(s, v);
    struct decision *kept = d->action == GP_HOLD ? &s->holding : &s->refused;
    if (d->action != GP_FAIL) {
        *kept = *d;
        kept->block_seconds = 0;
    }
    return decision_repeat(s, d, v);
}

void decision_end_hold(struct gp_session *s)
{
    if (!decision_is_made(&s->holding))
        return;
    if (!decision_is_made(&s->refused)) {
        s->refused = s->holding;
        s->refused.action = GP_REFUSE;
    }
    s->holding = (struct decision){0};
}

int decision_without_rules(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v)
{
    struct decision d = {.action = GP_FAIL, .phase = phase, .cause = CAUSE_ON_ERROR};
    if (!engine_tempfails(s->engine) || s->not_network || phase < GP_PHASE_MAIL)
        return decision_pass(s, v);
    return decision_repeat(s, &d, v);
}
