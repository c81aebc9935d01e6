#include "print.h"

#include <stdio.h>

#include "tools/lib/calendar.h"
#include "tools/lib/json.h"
#include "tools/lib/output.h"
#include "core/rules/action.h"
#include "core/rules/operation.h"

/* The counters other than verdicts and rules. */
static const struct {
    enum stats_counter counter;
    const char *words, *name, *help;
} counted[] = {
    {STATS_REFUSED_BLOCK_TABLE, "Sessions refused - block table", "refused_block_table",
     "Clients and names refused because they are in the block table."},
    {STATS_REFUSED_BLOCKLIST, "Sessions refused - short-term blacklist", "refused_blocklist",
     "Connections refused because of the blocklist."},
    {STATS_BLOCKED, "Clients put on the list - by rules", "blocked_rule",
     "Clients that a rule put on the blocklist."},
    {STATS_RELAYS, "Clients put on the list - as relays", "blocked_relay",
     "Clients that a relay pattern put on the blocklist."},
    {STATS_SIGHTINGS, "Sightings - noted", "sightings",
     "Rejected attempts remembered, to recognise them when they come from other clients."},
    {STATS_EXEMPTED, "Rules that would have triggered - exempt", "exempted",
     "Rules that would have triggered but for the exemption table."},
    {STATS_ON_ERROR, "Verdicts given by on-error", "on_error",
     "Verdicts given by on-error because something was wrong."},
    {STATS_GIVEN_UP, "Writes of state given up", "given_up",
     "Writes of state given up because the lock or the file could not be had."},
};

enum { COUNTED = sizeof counted / sizeof *counted };

/* The columns of the statistics of Mercury/32. */
static void line(const char *words, const char *more, uint64_t value)
{
    char left[400];
    snprintf(left, sizeof left, "%s%s", words, more);
    output_printf(stdout, "%-44s %llu\n", left, (unsigned long long)value);
}

static void line_time(const char *words, int64_t seconds)
{
    char time[40];
    struct writer w = writer_on(time, sizeof time);
    calendar_format_utc(&w, seconds);
    printf("%-44s %s\n", words, time);
}

static void lines_of_verdicts(const char *words, const uint64_t counts[STATS_PHASES][STATS_ACTIONS])
{
    char more[40];
    for (unsigned phase = 0; phase < STATS_PHASES; phase++)
        for (unsigned action = 0; action < STATS_ACTIONS; action++)
            if (counts[phase][action]) {
                snprintf(more, sizeof more, "%s %s", operation_phase_name(phase), action_verdict_name(action));
                line(words, more, counts[phase][action]);
            }
}

void stats_print_people(const struct numbers *n)
{
    line("Short-term blacklist - current", "", n->list.current);
    line("Short-term blacklist - peak", "", n->list.peak);
    line("Short-term blacklist - places", "", n->list.places);
    line("Short-term blacklist - had to make room", "", n->list.evicted);
    if (n->has_list)
        line_time("Short-term blacklist - since", n->list.since);
    if (!n->has_stats)
        return;
    for (size_t i = 0; i < COUNTED; i++)
        line(counted[i].words, "", n->counter[counted[i].counter]);
    lines_of_verdicts("Verdicts - ", n->verdict);
    lines_of_verdicts("Verdicts that were only logged - ", n->would);
    for (size_t i = 0; i < n->rule_count; i++)
        line("Rule ", n->rules[i].rule, n->rules[i].hits);
    if (n->other_rules)
        line("Rules no longer in the file", "", n->other_rules);
    if (n->counter[STATS_RULES_UNCOUNTED])
        line("Rules without a count of their own", "", n->counter[STATS_RULES_UNCOUNTED]);
    line_time("Statistics - since", n->since);
}

static void json_time(struct json *j, bool known, int64_t seconds)
{
    char time[40];
    struct writer w = writer_on(time, sizeof time);
    calendar_format_utc(&w, seconds);
    if (known)
        json_text(j, "since", writer_text(&w));
    else
        json_null(j, "since");
}

static void json_verdicts(struct json *j, const char *name, const uint64_t counts[STATS_PHASES][STATS_ACTIONS])
{
    json_array(j, name);
    for (unsigned phase = 0; phase < STATS_PHASES; phase++)
        for (unsigned action = 0; action < STATS_ACTIONS; action++)
            if (counts[phase][action]) {
                json_object(j, NULL);
                json_text(j, "phase", text_z(operation_phase_name(phase)));
                json_text(j, "action", text_z(action_verdict_name(action)));
                json_number(j, "count", counts[phase][action]);
                json_end(j);
            }
    json_end(j);
}

void stats_print_json(const struct numbers *n)
{
    struct json j = json_on(stdout);
    json_object(&j, NULL);
    json_object(&j, "blocklist");
    json_number(&j, "current", n->list.current);
    json_number(&j, "peak", n->list.peak);
    json_number(&j, "places", n->list.places);
    json_number(&j, "evicted", n->list.evicted);
    json_time(&j, n->has_list, n->list.since);
    json_end(&j);
    for (size_t i = 0; i < COUNTED; i++)
        json_number(&j, counted[i].name, n->counter[counted[i].counter]);
    json_verdicts(&j, "verdicts", n->verdict);
    json_verdicts(&j, "would", n->would);
    json_array(&j, "rules");
    for (size_t i = 0; i < n->rule_count; i++) {
        json_object(&j, NULL);
        json_text(&j, "rule", text_z(n->rules[i].rule));
        json_number(&j, "hits", n->rules[i].hits);
        json_end(&j);
    }
    json_end(&j);
    json_number(&j, "other_rules", n->other_rules);
    json_number(&j, "uncounted_rules", n->counter[STATS_RULES_UNCOUNTED]);
    json_time(&j, n->has_stats, n->since);
    json_end(&j);
}

static void metric(const char *name, const char *type, const char *help)
{
    printf("# HELP gatepost_%s %s\n# TYPE gatepost_%s %s\n", name, help, name, type);
}

static void single(const char *name, const char *type, const char *help, uint64_t value)
{
    metric(name, type, help);
    printf("gatepost_%s %llu\n", name, (unsigned long long)value);
}

/* The value of a label: `\`, `"` and line ends are escaped there; the gate has already removed line ends. */
static void label_value(const char *text)
{
    char shown[700];
    struct writer w = writer_on(shown, sizeof shown);
    output_add(&w, text_z(text), sizeof shown);
    for (const char *p = shown; *p; p++) {
        if (*p == '\\' || *p == '"')
            putchar('\\');
        putchar(*p);
    }
}

static void verdicts(const char *name, const char *help, const uint64_t counts[STATS_PHASES][STATS_ACTIONS])
{
    metric(name, "counter", help);
    for (unsigned phase = 0; phase < STATS_PHASES; phase++)
        for (unsigned action = 0; action < STATS_ACTIONS; action++)
            if (counts[phase][action])
                printf("gatepost_%s{phase=\"%s\",action=\"%s\"} %llu\n", name, operation_phase_name(phase),
                       action_verdict_name(action), (unsigned long long)counts[phase][action]);
}

/* The text format of Prometheus, version 0.0.4. */
void stats_print_prometheus(const struct numbers *n)
{
    char name[64];
    single("blocklist_clients", "gauge", "Clients on the blocklist now.", n->list.current);
    single("blocklist_clients_peak", "gauge", "The most clients ever on the blocklist at once.", n->list.peak);
    single("blocklist_places", "gauge", "Places of the blocklist; two thirds of them are safe to use.",
           n->list.places);
    single("blocklist_evicted_total", "counter",
           "Clients dropped from the full blocklist to make room for others.", n->list.evicted);
    if (!n->has_stats)
        return;
    for (size_t i = 0; i < COUNTED; i++) {
        snprintf(name, sizeof name, "%s_total", counted[i].name);
        single(name, "counter", counted[i].help, n->counter[counted[i].counter]);
    }
    verdicts("verdicts_total", "Verdicts other than pass, by phase and action.", n->verdict);
    verdicts("would_verdicts_total", "Verdicts that mode = log only logged, by phase and action.", n->would);
    metric("rule_hits_total", "counter", "How often a rule triggered.");
    for (size_t i = 0; i < n->rule_count; i++) {
        fputs("gatepost_rule_hits_total{rule=\"", stdout);
        label_value(n->rules[i].rule);
        printf("\"} %llu\n", (unsigned long long)n->rules[i].hits);
    }
    single("start_time_seconds", "gauge", "When counting began, in seconds since 1970.", (uint64_t)n->since);
}
