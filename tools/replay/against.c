#include "against.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/gatepost.h"
#include "core/rules/action.h"
#include "core/rules/operation.h"
#include "tools/lib/json.h"
#include "tools/lib/output.h"

/* What the new rules decided about a session. */
struct against_note {
    uint8_t action, phase;
    uint16_t code;
    uint32_t row; /* of counts[AGAINST_NEW]: its cause */
};

static const char *const change_words[CHANGES] = {"newly refused", "no longer refused", "refused differently"};
static const char *const change_names[CHANGES] = {"newly_refused", "no_longer_refused", "refused_otherwise"};

void against_begin(struct against *a, enum against_side side)
{
    a->side = side;
    a->at = 0;
    if (side == AGAINST_NEW)
        a->n = 0;
}

static bool keep(struct against *a, const struct outcome *o, uint32_t row)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 1024;
        struct against_note *grown = realloc(a->notes, cap * sizeof *grown);
        if (!grown)
            return false;
        a->notes = grown;
        a->cap = cap;
    }
    a->notes[a->n++] = (struct against_note){(uint8_t)o->action, (uint8_t)o->phase, (uint16_t)o->code, row};
    return true;
}

/* "fail\tdata\t553\tgatepost.conf:7" */
static void print_side(unsigned action, unsigned phase, unsigned code, const char *cause)
{
    char digits[16] = "-";
    if (code)
        snprintf(digits, sizeof digits, "%u", code);
    output_printf(stdout, "\t%s\t%s\t%s\t%s", action_verdict_name(action), operation_phase_name(phase), digits,
                  cause);
}

static void json_side(struct json *j, const char *name, unsigned action, unsigned phase, unsigned code,
                      const char *cause)
{
    json_object(j, name);
    json_text(j, "action", text_z(action_verdict_name(action)));
    json_text(j, "phase", text_z(operation_phase_name(phase)));
    json_number(j, "code", code);
    json_text(j, "cause", text_z(cause));
    json_end(j);
}

static void print_session(const struct against *a, const struct played *p, const struct against_note *now,
                          const struct outcome *old, const char *old_cause)
{
    struct text label = p->label.n ? p->label : TEXT("-");
    const char *cause = a->counts[AGAINST_NEW].rows[now->row].cause;
    if (!a->json) {
        output_printf(stdout, "%llu\t%.*s\t%.*s", (unsigned long long)p->number, (int)label.n, label.p,
                      (int)p->visitor.address.n, p->visitor.address.p);
        print_side(now->action, now->phase, now->code, cause);
        print_side(old->action, old->phase, old->code, old_cause);
        putchar('\n');
        return;
    }
    struct json j = json_on(stdout);
    json_object(&j, NULL);
    json_number(&j, "number", p->number);
    json_text(&j, "label", label);
    json_text(&j, "client", p->visitor.address);
    json_side(&j, "new", now->action, now->phase, now->code, cause);
    json_side(&j, "old", old->action, old->phase, old->code, old_cause);
    json_end(&j);
}

bool against_add(struct against *a, const struct played *played, const struct outcome *outcome)
{
    uint32_t row;
    struct summary *counts = &a->counts[a->side];
    if (!summary_add(counts, played->label, outcome, played->messages, &row))
        return false;
    if (a->side == AGAINST_NEW)
        return keep(a, outcome, row);
    if (a->at == a->n)
        return true;
    const struct against_note *now = &a->notes[a->at++];
    enum against_change change = now->action != GP_PASS && outcome->action == GP_PASS   ? CHANGE_REFUSED
                                 : now->action == GP_PASS && outcome->action != GP_PASS ? CHANGE_PASSED
                                                                                        : CHANGE_OTHER;
    if (now->action == outcome->action && now->phase == outcome->phase && now->code == outcome->code)
        return true;
    a->changes[change][summary_label(played->label)]++;
    if (a->verdicts)
        print_session(a, played, now, outcome, counts->rows[row].cause);
    return true;
}

static void print_json(struct against *a)
{
    static const char *const sides[AGAINST_SIDES] = {"new", "old"};
    struct json j = json_on(stdout);
    json_object(&j, NULL);
    for (unsigned i = 0; i < AGAINST_SIDES; i++)
        summary_json(&a->counts[i], &j, sides[i]);
    json_object(&j, "changes");
    for (unsigned i = 0; i < CHANGES; i++) {
        json_object(&j, change_names[i]);
        summary_json_labels(&j, a->changes[i]);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
}

void against_print(struct against *a, const char *new_conf, const char *old_conf)
{
    const char *const conf[AGAINST_SIDES] = {new_conf, old_conf};
    if (a->json) {
        if (!a->verdicts)
            print_json(a);
        return;
    }
    FILE *out = a->verdicts ? stderr : stdout;
    for (unsigned i = 0; i < AGAINST_SIDES; i++) {
        output_printf(out, "%s: %s\n", i == AGAINST_NEW ? "NEW" : "OLD", conf[i]);
        summary_print(&a->counts[i], out, false);
        putc('\n', out);
    }
    fprintf(out, "%-20s  %8s  %8s  %8s\n", "JUDGED OTHERWISE", "SPAM", "HAM", "NO-LABEL");
    for (unsigned i = 0; i < CHANGES; i++)
        fprintf(out, "%-20s  %8llu  %8llu  %8llu\n", change_words[i],
                (unsigned long long)a->changes[i][SUMMARY_SPAM], (unsigned long long)a->changes[i][SUMMARY_HAM],
                (unsigned long long)a->changes[i][SUMMARY_OTHER]);
}

bool against_refuses_ham(const struct against *a)
{
    return a->changes[CHANGE_REFUSED][SUMMARY_HAM] > 0;
}

void against_fini(struct against *a)
{
    for (unsigned i = 0; i < AGAINST_SIDES; i++)
        summary_fini(&a->counts[i]);
    free(a->notes);
    *a = (struct against){.n = 0};
}
