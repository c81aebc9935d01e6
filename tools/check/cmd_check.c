/*
 * cmd_check.c - gatepost check: reports errors and warnings of a rule file, and reads the tables that it names.
 */
#include <errno.h>
#include <stdio.h>

#include "tools/commands.h"
#include "core/config/config.h"
#include "core/table/table.h"
#include "tools/lib/json.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"

static const char usage[] =
    "usage: gatepost check [--json] [CONF]\n"
    "\n"
    "Reads the rule file, all files that it includes, and every table that it names. Reports each error\n"
    "and warning with its place. Without CONF it reads gatepost.conf in this folder, or else\n"
    "/etc/gatepost/gatepost.conf (on Windows the one in the folder of gatepost.exe).\n"
    "\n"
    "  -j, --json   one JSON object for programs\n"
    "  -h, --help   this text\n"
    "\n"
    "example: gatepost check /etc/gatepost/gatepost.conf\n"
    "Exit status: 0 no error, 1 errors, 2 wrong usage, 3 a file cannot be read.\n";

static const char command[] = "gatepost check";

/* CONTEXT is the JSON that is being written, or NULL. */
static void show_problem(void *context, const struct error *e, bool warning, struct text source)
{
    struct json *j = context;
    if (!j) {
        problem_show(e, warning, source);
        return;
    }
    json_object(j, NULL);
    json_text(j, "file", text_z(e->file));
    json_number(j, "line", e->line);
    json_number(j, "column", e->column);
    json_text(j, "severity", warning ? TEXT("warning") : TEXT("error"));
    json_text(j, "message", text_z(e->message));
    json_end(j);
}

static void table_progress(void *context, uint64_t done, uint64_t all)
{
    progress_show(context, done, all);
}

static void table_problem(struct report *r, const char *path, const char *reason)
{
    struct error e;
    error_set(&e, path, 0, 0, "%s", reason);
    error_report(r, &e, false, TEXT(""));
}

/* Reads and verifies a whole table of the rule file. Returns whether there is one. */
static bool check_table(const struct block *rules, uint32_t slot, struct report *report)
{
    const struct table_note *note = block_table(rules, slot);
    struct text path = block_text(rules, note->path);
    struct table *table = NULL;
    char reason[512];
    if (path.n == 0)
        return false;
    int error = table_open(path.p, &table, reason, sizeof reason);
    if (error) {
        if (error == ENOENT && note->optional)
            return false;
        if (error == ENOENT)
            snprintf(reason, sizeof reason,
                     "this table does not exist; make it from its text: gatepost table make TEXT %.200s",
                     path.p);
        table_problem(report, path.p, reason);
        return true;
    }
    struct progress progress = progress_start("reading tables");
    if (table_verify(table, reason, sizeof reason, table_progress, &progress) != 0)
        table_problem(report, path.p, reason);
    progress_done(&progress);
    table_close(&table);
    return true;
}

static bool uses_check(const struct block *rules, const char *name)
{
    for (uint32_t i = 0; i < block_rule_count(rules); i++) {
        const struct rule *rule = block_rule(rules, i);
        if (!(rule->flags & RULE_PATTERN) && text_eq_nocase(block_source(rules, rule), text_z(name)))
            return true;
    }
    return false;
}

static unsigned check_tables(const struct block *rules, const char *conf, struct report *report)
{
    unsigned tables = 0;
    bool traps = false;
    for (uint32_t slot = 0; slot < block_table_count(rules); slot++) {
        bool there = check_table(rules, slot, report);
        tables += there;
        traps = traps || (there && slot == TABLE_TRAP);
    }
    if (!traps && uses_check(rules, "trap")) {
        struct error e;
        error_set(&e, conf, 0, 0,
                  "rules use the check 'trap', but there is no trap table; set one: trap-table = traps.cdb");
        error_report(report, &e, true, TEXT(""));
    }
    return tables;
}

/* Whether something can put clients on the blocklist. */
static bool may_block(const struct block *rules)
{
    for (uint32_t i = 0; i < block_rule_count(rules); i++)
        if (block_rule(rules, i)->flags & RULE_BLOCK)
            return true;
    return block_settings(rules)->relay_patterns.n > 0;
}

/* If a state directory is set, or there are clients to remember, it must exist. */
static void check_state_dir(const struct block *rules, const char *conf, struct report *report)
{
    char written[4096];
    struct file_id id;
    struct error e;
    config_state_dir(conf, written, sizeof written);
    struct text dir = block_text(rules, block_settings(rules)->state_dir);
    if ((!written[0] && !may_block(rules)) || os_file_id(dir.p, &id) == 0)
        return;
    error_set(&e, conf, 0, 0,
              "state-dir %.300s does not exist: no client is put on the blocklist, the rules are read anew for "
              "every connection, and no last good rules are kept; make it, and give it to the user of the mail "
              "server",
              dir.p);
    error_report(report, &e, true, TEXT(""));
}

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* Returns the rule file CONF, or the default one, whose path goes into FOUND. Returns NULL if there is none,
 * which was reported. */
static const char *find_conf(const char *conf, char *found, size_t cap)
{
    struct file_id id;
    if (!conf) {
        int error = config_path(NULL, found, cap);
        if (error) {
            output_printf(stderr, "%s: no rule file: %s\n", command, os_reason(error, found, cap));
            return NULL;
        }
        conf = os_file_id("gatepost.conf", &id) == 0 ? "gatepost.conf" : found;
    }
    if (os_file_id(conf, &id) == 0)
        return conf;
    output_printf(stderr, "%s: there is no rule file %s\n", command, conf);
    return NULL;
}

static void print_result(struct json *j, const struct report *report, const char *conf, unsigned rules,
                         unsigned tables)
{
    if (j) {
        json_end(j);
        json_number(j, "rules", rules);
        json_number(j, "tables", tables);
        json_number(j, "errors", report->errors);
        json_number(j, "warnings", report->warnings);
        json_end(j);
    } else if (report->errors) {
        output_printf(stderr, "%s: %u error%s, %u warning%s\n", conf, report->errors, plural(report->errors),
                      report->warnings, plural(report->warnings));
    } else {
        output_printf(stdout, "%s: %u rule%s, %u table%s, no errors, %u warning%s\n", conf, rules,
                      plural(rules), tables, plural(tables), report->warnings, plural(report->warnings));
    }
}

int cmd_check(int argc, char **argv)
{
    bool wants_json = false;
    char found[4096];
    char **words;
    const struct option_row rows[] = {{'j', "json", .flag = &wants_json}};
    int status = options_read(&(struct options){command, usage, rows, 1, 0, 1}, argc, argv, &words);
    if (status != OPTIONS_GO_ON)
        return status;
    const char *conf = find_conf(words[0], found, sizeof found);
    if (!conf)
        return STATUS_CANNOT;
    struct json json = json_on(stdout), *j = wants_json ? &json : NULL;
    struct report report = {.context = j, .problem = show_problem};
    if (j) {
        json_object(j, NULL);
        json_lines(j, "problems");
    }
    struct block *rules = config_load(conf, NULL, CONFIG_LINT, &report, NULL, NULL);
    unsigned tables = rules ? check_tables(rules, conf, &report) : 0;
    unsigned count = rules ? block_rule_count(rules) : 0;
    if (rules)
        check_state_dir(rules, conf, &report);
    print_result(j, &report, conf, count, tables);
    block_unref(&rules);
    return output_finish(command, report.errors ? STATUS_NO : STATUS_YES);
}
