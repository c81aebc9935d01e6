/* cmd_stats.c - gatepost stats: counts clients on the blocklist, and verdicts so far. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "core/session/statistics.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"
#include "tools/lib/state_context.h"
#include "print.h"

static const char help[] =
    "usage: gatepost stats [--config CONF | --state-dir DIR] [--json | --prometheus] [--at TIME]\n"
    "\n"
    "  -c, --config CONF     the rule file, which names the state directory (default: gatepost.conf in this\n"
    "                        folder, or else /etc/gatepost/gatepost.conf; on Windows the one in the folder\n"
    "                        of gatepost.exe)\n"
    "      --state-dir DIR   the state directory, whatever the rule file names\n"
    "  -j, --json            one JSON object\n"
    "  -p, --prometheus      the text format of Prometheus\n"
    "      --at TIME         count the clients listed at this time: 2003-07-24T01:11:45-07:00\n"
    "\n"
    "example: gatepost stats --prometheus >/var/lib/node_exporter/gatepost.prom.new\n";

static const char command[] = "gatepost stats";

static int cannot(const char *reason)
{
    output_printf(stderr, "%s: %s\n", command, reason);
    return -1;
}

static int read_list(const struct state_context *h, int64_t now, struct numbers *n)
{
    struct blocklist *list;
    char reason[700];
    const struct settings *s = h->settings;
    if (blocklist_open(h->dir, s->block_entries, s->block_prefix[0], s->block_prefix[1], BLOCKLIST_READ_ONLY,
                       &list, reason, sizeof reason) < 0)
        return cannot(reason);
    if (list) {
        n->has_list = true;
        blocklist_counts(list, now, &n->list);
        blocklist_close(&list);
    }
    return 0;
}

static bool is_there(const struct numbers *n, uint64_t hash)
{
    for (size_t i = 0; i < n->rule_count; i++)
        if (n->rules[i].hash == hash)
            return true;
    return false;
}

/* Of rules with the same text the first is named, because the others never trigger. */
static int read_rules(const struct state_context *h, const struct stats *stats, struct numbers *n)
{
    uint64_t position = 0, hash, hits, all = 0, known = 0;
    size_t with_hits = 0;
    while (stats_next_rule(stats, &position, &hash, &hits)) {
        all += hits;
        with_hits++;
    }
    n->rules = calloc(with_hits + 1, sizeof *n->rules);
    if (!n->rules)
        return cannot("out of memory");
    for (uint32_t i = 0; i < block_rule_count(h->rules) && n->rule_count < with_hits; i++) {
        const struct rule *rule = block_rule(h->rules, i);
        hash = statistics_rule_hash(h->rules, rule);
        hits = stats_get_rule(stats, hash);
        if (!hits || is_there(n, hash))
            continue;
        struct rule_hits *row = &n->rules[n->rule_count++];
        struct writer w = writer_on(row->rule, sizeof row->rule);
        block_cause(h->rules, rule, &w);
        row->hash = hash;
        row->hits = hits;
        known += hits;
    }
    n->other_rules = all > known ? all - known : 0;
    return 0;
}

static int read_stats(const struct state_context *h, struct numbers *n)
{
    struct stats *stats;
    char reason[700];
    if (stats_open(h->dir, STATS_READ_ONLY, &stats, reason, sizeof reason) < 0)
        return cannot(reason);
    if (!stats)
        return 0;
    n->has_stats = true;
    n->since = stats_since(stats);
    for (unsigned i = 0; i < STATS_COUNTERS; i++)
        n->counter[i] = stats_get(stats, (enum stats_counter)i);
    for (unsigned phase = 0; phase < STATS_PHASES; phase++)
        for (unsigned action = 0; action < STATS_ACTIONS; action++) {
            n->verdict[phase][action] = stats_get_verdict(stats, phase, action);
            n->would[phase][action] = stats_get_would(stats, phase, action);
        }
    int error = read_rules(h, stats, n);
    stats_close(&stats);
    return error;
}

int cmd_stats(int argc, char **argv)
{
    struct state_context context;
    struct numbers numbers = {.has_list = false};
    const char *config = NULL, *state_dir = NULL;
    int64_t at = 0;
    bool json = false, prometheus = false;
    char **words;
    const struct option_row rows[] = {{'c', "config", .text = &config},
                                      {0, "state-dir", .text = &state_dir},
                                      {'j', "json", .flag = &json},
                                      {'p', "prometheus", .flag = &prometheus},
                                      {0, "at", .moment = &at}};
    int status = options_read(&(struct options){command, help, rows, sizeof rows / sizeof *rows, 0, 0}, argc,
                              argv, &words);
    if (status != OPTIONS_GO_ON)
        return status;
    if (json && prometheus)
        return options_complain(command, "--json and --prometheus cannot be combined");
    if (state_context_find(&context, command, config, state_dir) != 0)
        return STATUS_CANNOT;
    int error = read_list(&context, at ? at : state_context_now(&context), &numbers);
    if (!error)
        error = read_stats(&context, &numbers);
    state_context_say_defaults(&context, command, "the rules that triggered cannot be named");
    state_context_leave(&context);
    if (!error)
        (json ? stats_print_json : prometheus ? stats_print_prometheus : stats_print_people)(&numbers);
    free(numbers.rules);
    return output_finish(command, error ? STATUS_CANNOT : STATUS_YES);
}
