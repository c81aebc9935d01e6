#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "against.h"
#include "engines.h"
#include "tools/lib/input.h"
#include "tools/lib/json.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"
#include "core/rules/action.h"
#include "core/rules/operation.h"
#include "playback.h"
#include "smtp_peer.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"
#include "summary.h"

static const char usage[] =
    "usage: gatepost replay [OPTION]... FILE...\n"
    "Plays dialogues (.smtp files; - is standard input) through the rules, and compares the replies\n"
    "with the S: lines.\n"
    "\n"
    "  -c, --config CONF          use the rules of CONF, whatever the dialogues name\n"
    "      --against OLD          judge by OLD too, and print how many verdicts differ; with --verdicts,\n"
    "                             each session whose verdict differs\n"
    "      --state-dir DIR        read and write the state in DIR; without it each FILE begins without\n"
    "                             state\n"
    "  -v, --verdicts             print one tab-separated line per session: number, label, client,\n"
    "                             action, phase, code, cause\n"
    "  -s, --summary              print how many sessions each cause decided, per label\n"
    "  -t, --trace                print for every phase which rules were tried, and why each did or\n"
    "                             did not trigger\n"
    "      --show                 print the conversations; replies that refuse are marked with <--\n"
    "      --json                 print verdicts, summary or result as JSON\n"
    "      --server ADDRESS:PORT  play into a real server; if PORT is 25, a session's own port is used;\n"
    "                             a name with addresses of both families serves clients of both\n"
    "      --as NAME              which S@NAME: lines apply: exim, exim-scan, sendmail, postfix or\n"
    "                             mercury; without it none apply\n"
    "      --auth USER:PASSWORD   the account that `auth` uses there (test:test)\n"
    "      --test-clock FILE      write the time into FILE, where the server reads it, and do not wait\n"
    "  -h, --help\n"
    "\n"
    "example: gatepost replay --config gatepost.conf --summary monday.smtp\n"
    "Exit status: 0 all replies were as expected, 1 some were not, or with\n"
    "--against CONF refuses ham that OLD does not, 2 wrong usage, 3 a file or the rules\n"
    "cannot be used.\n";

static const char command[] = "gatepost replay";

struct replay {
    const struct gp_api *api;
    const char *config;
    const char *old_config; /* of --against */
    const char *state_dir;
    const char *server;
    bool verdicts;
    bool summary;
    bool trace;
    bool json;
    struct playback playback;
    struct peer peer;
    struct simulation simulation;
    struct smtp_peer server_peer;
    struct engines engines;
    struct summary counts;
    struct against against;
    struct progress progress;
    bool stopped; /* a configuration cannot be used */
    bool out_of_memory;
};

/* Where messages for people go: standard output belongs to the table or the lines that were requested. */
static FILE *remarks(const struct replay *r)
{
    return r->verdicts || r->summary || r->json ? stderr : stdout;
}

static int on_begin(void *context, const char *file, struct text config, const struct played *played)
{
    struct replay *r = context;
    (void)played;
    if (r->server)
        return 0;
    const char *rules = r->old_config && r->against.side == AGAINST_OLD ? r->old_config : r->config;
    if (rules)
        r->simulation.engine = engines_get(&r->engines, "-", text_z(rules));
    else
        r->simulation.engine = engines_get(&r->engines, file, config);
    r->stopped = !r->simulation.engine;
    return r->simulation.engine ? 0 : -1;
}

static void print_verdict(const struct replay *r, const struct played *played, const struct outcome *o)
{
    char code[16] = "-";
    const char *cause = o->cause[0] ? o->cause : "-";
    struct text label = played->label.n ? played->label : TEXT("-");
    if (o->code)
        snprintf(code, sizeof code, "%u", o->code);
    if (!r->json) {
        output_printf(stdout, "%llu\t%.*s\t%.*s\t%s\t%s\t%s\t%s\n", (unsigned long long)played->number,
                      (int)label.n, label.p, (int)played->visitor.address.n, played->visitor.address.p,
                      action_verdict_name(o->action), operation_phase_name(o->phase), code, cause);
        return;
    }
    struct json j = json_on(stdout);
    json_object(&j, NULL);
    json_number(&j, "number", played->number);
    json_text(&j, "label", label);
    json_text(&j, "client", played->visitor.address);
    json_text(&j, "action", text_z(action_verdict_name(o->action)));
    json_text(&j, "phase", text_z(operation_phase_name(o->phase)));
    json_text(&j, "code", text_z(code));
    json_text(&j, "cause", text_z(cause));
    json_end(&j);
}

static void on_end(void *context, const struct played *played)
{
    struct replay *r = context;
    if (r->old_config) {
        r->out_of_memory |= !against_add(&r->against, played, &r->simulation.outcome);
        return;
    }
    if (r->verdicts)
        print_verdict(r, played, &r->simulation.outcome);
    if (r->summary && !summary_add(&r->counts, played->label, &r->simulation.outcome, played->messages, NULL))
        r->out_of_memory = true;
}

static void on_mismatch(void *context, const char *line)
{
    struct replay *r = context;
    if (r->old_config)
        return; /* the S: lines are for other rules than at least one of the two */
    progress_done(&r->progress);
    output_printf(remarks(r), "%s\n", line);
}

static void on_line(void *context, char who, struct text text, const char *deviation)
{
    (void)context;
    if (who == '=')
        fputs("\n", stdout);
    else
        printf("%c: ", who);
    output_text(stdout, text);
    if (deviation)
        output_printf(stdout, "   <-- %s", deviation);
    putchar('\n');
}

static void on_trace(void *context, const char *line, size_t n)
{
    (void)context;
    fputs("    ", stdout);
    output_text(stdout, text_of(line, n));
    putchar('\n');
}

static void on_progress(void *context, uint64_t done, uint64_t all)
{
    struct replay *r = context;
    progress_show(&r->progress, done, all);
}

static void on_problem(void *context, const struct error *e, bool warning, struct text source)
{
    (void)context;
    problem_show(e, warning, source);
}

/* Reads the dialogue to find errors. */
static bool is_sound(const char *file, struct text bytes)
{
    struct dialogue d;
    struct item item;
    struct report report = {.problem = on_problem};
    dialogue_init(&d, file, bytes, &report);
    while (dialogue_next(&d, &item))
        ;
    return report.errors == 0;
}

/* Plays a dialogue without errors. Returns an exit status. */
static int play_bytes(struct replay *r, const char *path, struct text bytes)
{
    if (!r->server && !engines_begin_file(&r->engines))
        return STATUS_CANNOT;
    if (playback_play(&r->playback, path, bytes) == 0)
        return STATUS_YES;
    progress_done(&r->progress);
    if (r->peer.reason[0])
        output_printf(stderr, "%s: %s\n", command, r->peer.reason);
    r->stopped = true;
    return STATUS_CANNOT;
}

/* Plays it with the new rules, then with the old ones. */
static int play_twice(struct replay *r, const char *path, struct text bytes)
{
    const struct playback before = r->playback;
    against_begin(&r->against, AGAINST_NEW);
    int status = play_bytes(r, path, bytes);
    if (status != STATUS_YES)
        return status;
    r->playback.clock = before.clock;
    r->playback.sessions = before.sessions;
    r->playback.messages = before.messages;
    against_begin(&r->against, AGAINST_OLD);
    return play_bytes(r, path, bytes);
}

/* Returns STATUS_YES; or STATUS_CANNOT if the file cannot be played. */
static int play_file(struct replay *r, const char *path)
{
    struct input in;
    char reason[128];
    int error = input_open(path, &in);
    if (error) {
        output_printf(stderr, "%s: %s: %s\n", command, path, input_reason(&in, error, reason, sizeof reason));
        return STATUS_CANNOT;
    }
    int status = STATUS_CANNOT;
    if (is_sound(path, in.bytes))
        status = (r->old_config ? play_twice : play_bytes)(r, path, in.bytes);
    input_close(&in);
    return status;
}

/* What was given for the peer at a server, before it is made. */
struct wishes {
    const char *as, *auth, *test_clock;
};

/* Returns OPTIONS_GO_ON, or an exit status. */
static int read_options(struct replay *r, struct wishes *w, int argc, char **argv, char ***files)
{
    const struct option_row rows[] = {
        {'c', "config", .text = &r->config},     {0, "against", .text = &r->old_config},
        {0, "state-dir", .text = &r->state_dir}, {'v', "verdicts", .flag = &r->verdicts},
        {'s', "summary", .flag = &r->summary},   {'t', "trace", .flag = &r->trace},
        {0, "show", .flag = &r->playback.show},  {0, "json", .flag = &r->json},
        {0, "server", .text = &r->server},       {0, "as", .text = &w->as},
        {0, "auth", .text = &w->auth},           {0, "test-clock", .text = &w->test_clock}};
    int status = options_read(&(struct options){command, usage, rows, sizeof rows / sizeof *rows, 1, INT_MAX},
                              argc, argv, files);
    if (status != OPTIONS_GO_ON)
        return status;
    r->playback.show = r->playback.show || r->trace;
    if (r->server && (r->verdicts || r->summary || r->trace || r->config || r->state_dir))
        return options_complain(command, "with --server the server's own rules judge: leave out --config, "
                                         "--state-dir, --verdicts, --summary and --trace");
    if (!r->server && (w->as || w->auth || w->test_clock))
        return options_complain(command, "--as, --auth and --test-clock need --server");
    if (r->json && r->playback.show)
        return options_complain(command, "--json does not go with --show or --trace");
    if (r->old_config && (!r->config || r->server || r->state_dir || r->playback.show))
        return options_complain(
            command,
            "--against needs --config, and cannot be combined with --server, --state-dir, --show or --trace");
    if (r->verdicts && r->summary)
        return options_complain(command, "--verdicts and --summary cannot be combined");
    return OPTIONS_GO_ON;
}

static int set_up_server(struct replay *r, const struct wishes *w)
{
    if (!smtp_peer_init(&r->server_peer, r->server, &r->playback.clock, &r->peer))
        return options_complain(command, "--server needs ADDRESS:PORT, like 127.0.0.1:25 or [::1]:25");
    r->playback.server = w->as ? dialogue_server(text_z(w->as)) : 0;
    if (w->as && !r->playback.server)
        return options_complain(command, "--as needs exim, exim-scan, sendmail, postfix or mercury");
    struct text account = text_z(w->auth ? w->auth : "test:test");
    size_t colon = text_find(account, 0, ':');
    if (colon == account.n)
        return options_complain(command, "--auth needs USER:PASSWORD");
    r->server_peer.user = text_of(account.p, colon);
    r->server_peer.password = text_skip(account, colon + 1);
    r->server_peer.test_clock = w->test_clock;
    return OPTIONS_GO_ON;
}

static void print_result(struct replay *r, int64_t milliseconds)
{
    const struct playback *p = &r->playback;
    progress_done(&r->progress);
    if (r->old_config) {
        against_print(&r->against, r->config, r->old_config);
        return;
    }
    if (r->summary) {
        summary_print(&r->counts, stdout, r->json);
        double seconds = (double)(milliseconds > 0 ? milliseconds : 1) / 1000;
        fprintf(stderr, "%llu sessions, %llu messages in %.2f s: %.0f messages per second\n",
                (unsigned long long)p->sessions, (unsigned long long)p->messages, seconds,
                (double)p->messages / seconds);
    }
    if (r->json && !r->summary && !r->verdicts) {
        struct json j = json_on(stdout);
        json_object(&j, NULL);
        json_number(&j, "sessions", p->sessions);
        json_number(&j, "passed", p->passed);
        json_number(&j, "failed", p->failed);
        json_end(&j);
    } else if (!r->stopped && (remarks(r) == stdout || p->passed || p->failed))
        fprintf(remarks(r), "%llu passed, %llu failed\n", (unsigned long long)p->passed,
                (unsigned long long)p->failed);
}

int cmd_replay(int argc, char **argv)
{
    struct replay r = {.api = gatepost_api(GP_API_MAJOR)};
    struct wishes wishes = {0};
    char **files;
    int status = read_options(&r, &wishes, argc, argv, &files);
    if (status == OPTIONS_GO_ON && r.server)
        status = set_up_server(&r, &wishes);
    if (status != OPTIONS_GO_ON)
        return status;
    if (!r.server) {
        engines_init(&r.engines, r.api, r.state_dir, &r.playback.clock, &r.progress);
        simulate_init(&r.simulation, r.api, &r.playback.clock, &r.peer);
        r.simulation.trace = r.trace ? on_trace : NULL;
    }
    r.against.verdicts = r.verdicts;
    r.against.json = r.json;
    r.playback.peer = &r.peer;
    r.playback.clock = os_clock();
    r.playback.context = &r;
    r.playback.begin = on_begin;
    r.playback.end = on_end;
    r.playback.mismatch = on_mismatch;
    r.playback.line = on_line;
    r.playback.progress = on_progress;
    r.progress = progress_start("replaying");
    int64_t start = os_ticks_ms();
    int result = STATUS_YES;
    for (; *files && !r.stopped; files++)
        if (play_file(&r, *files) != STATUS_YES)
            result = STATUS_CANNOT;
    if (!r.stopped || r.playback.sessions > 1)
        print_result(&r, os_ticks_ms() - start);
    if (r.out_of_memory) {
        output_printf(stderr, "%s: out of memory\n", command);
        result = STATUS_CANNOT;
    }
    if (result == STATUS_YES && (r.old_config ? against_refuses_ham(&r.against) : r.playback.failed > 0))
        result = STATUS_NO;
    engines_close(&r.engines);
    against_fini(&r.against);
    summary_fini(&r.counts);
    return output_finish(command, result);
}
