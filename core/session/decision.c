#include "decision.h"

#include "autoblock.h"
#include "statistics.h"
#include "log.h"

int give_pass(struct gp_session *s, struct gp_verdict *v)
{
    static const struct decision none;
    s->told = none;
    return tell_verdict(s, &none, v);
}

int give_again(struct gp_session *s, const struct decision *d, struct gp_verdict *v)
{
    s->told = *d;
    return tell_verdict(s, d, v);
}

/* The consequences of a rule's decision for the client. */
static void block_client(struct gp_session *s, struct decision *d)
{
    uint32_t relay = blocking_for_pattern(s, d);
    d->block_seconds = blocking_for_rule(s, d->rule);
    if (relay > d->block_seconds)
        d->block_seconds = relay;
}

int give(struct gp_session *s, struct decision *d, struct gp_verdict *v)
{
    if (!decided(d))
        return give_pass(s, v);
    if (d->cause == CAUSE_RULE)
        block_client(s, d);
    count_decision(s, d);
    tell_decision(s, d);
    if (s->settings->log_only) {
        tell_log(s, d, true);
        return give_pass(s, v);
    }
    tell_log(s, d, false);
    if (d->action != GP_FAIL) {
        s->refused = *d;
        s->refused.block_seconds = 0;
    }
    return give_again(s, d, v);
}

int give_no_rules(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v)
{
    struct decision d = {.action = GP_FAIL, .phase = phase, .cause = CAUSE_ON_ERROR};
    if (!engine_tempfails(s->engine) || s->not_network || phase < GP_PHASE_MAIL)
        return give_pass(s, v);
    return give_again(s, &d, v);
}
