#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "engines.h"
#include "tools/lib/input.h"
#include "tools/lib/json.h"
#include "core/rules/action.h"
#include "core/rules/operation.h"
#include "playback.h"
#include "smtp_peer.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"
#include "summary.h"

static const char usage[] =
    "usage: gatepost replay [OPTION]... FILE...\n"
    "Plays dialogues (.smtp files; - is standard input) through the rules and compares the replies with their "
    "S: lines.\n"
    "\n"
    "  -c, --config CONF          judge by CONF, whatever the dialogues name\n"
    "      --state-dir DIR        read and keep what was seen in DIR; without it each FILE begins with nothing "
    "seen\n"
    "  -v, --verdicts             print one tab-separated line per session: number, label, client, action, "
    "phase, code, cause\n"
    "  -s, --summary              print how many sessions each cause decided, per label\n"
    "  -t, --trace                print for every phase which rules were asked and why each did or did not "
    "trigger\n"
    "      --show                 print the conversations; replies that refuse are marked with <--\n"
    "      --json                 print verdicts, summary or result as JSON\n"
    "      --server ADDRESS:PORT  play into a real server; a session's own port is used where PORT is 25; a\n"
    "                             name with addresses of both families serves clients of both\n"
    "      --as NAME              which S@NAME: lines count there: exim, exim-scan, sendmail, postfix or "
    "mercury;\n"
    "                             without it none does\n"
    "      --auth USER:PASSWORD   the account that `auth` uses there (test:test)\n"
    "      --test-clock FILE      write the time into FILE, from where the server takes it, and do not wait\n"
    "  -h, --help\n"
    "\n"
    "Example: gatepost replay --config gatepost.conf --summary monday.smtp\n"
    "Exit status: 0 all S: lines held, 1 some did not, 2 wrong usage, 3 a file or a configuration cannot be "
    "used.\n";

struct replay {
    const struct gp_api *api;
    const char *config;
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
    struct progress progress;
    bool stopped; /* a configuration cannot be used */
    bool out_of_memory;
};

/* Where results for people go: standard output belongs to the table or the lines that were asked for. */
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
    if (r->config)
        r->simulation.engine = engines_get(&r->engines, "-", text_z(r->config));
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
        printf("%llu\t%.*s\t%.*s\t%s\t%s\t%s\t%s\n", (unsigned long long)played->number, (int)label.n, label.p,
               (int)played->visitor.address.n, played->visitor.address.p, action_verdict_name(o->action),
               operation_phase_name(o->phase), code, cause);
        return;
    }
    printf("{\"number\": %llu, \"label\": ", (unsigned long long)played->number);
    json_string(stdout, label);
    fputs(", \"client\": ", stdout);
    json_string(stdout, played->visitor.address);
    printf(", \"action\": \"%s\", \"phase\": \"%s\", \"code\": ", action_verdict_name(o->action),
           operation_phase_name(o->phase));
    json_string(stdout, text_z(code));
    fputs(", \"cause\": ", stdout);
    json_string(stdout, text_z(cause));
    fputs("}\n", stdout);
}

static void on_end(void *context, const struct played *played)
{
    struct replay *r = context;
    if (r->verdicts)
        print_verdict(r, played, &r->simulation.outcome);
    if (r->summary && !summary_add(&r->counts, played->label, &r->simulation.outcome, played->messages))
        r->out_of_memory = true;
}

static void on_mismatch(void *context, const char *line)
{
    struct replay *r = context;
    progress_done(&r->progress);
    fprintf(remarks(r), "%s\n", line);
}

/* What others wrote is not let loose on a terminal. */
static void print_safe(struct text t)
{
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        putchar((c < 0x20 && c != '\t') || c == 0x7f ? '?' : c);
    }
}

static void on_line(void *context, char who, struct text text, const char *deviation)
{
    (void)context;
    if (who == '=')
        fputs("\n", stdout);
    else
        printf("%c: ", who);
    print_safe(text);
    if (deviation)
        printf("   <-- %s", deviation);
    putchar('\n');
}

static void on_trace(void *context, const char *line, size_t n)
{
    (void)context;
    fputs("    ", stdout);
    print_safe(text_of(line, n));
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

/* Reads the dialogue through for errors. */
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

/* Returns 0, or 3 if the file cannot be played. */
static int play_file(struct replay *r, const char *path)
{
    struct input in;
    char reason[128];
    int error = input_open(path, &in);
    if (error) {
        fprintf(stderr, "gatepost replay: %s: %s\n", path, os_reason(error, reason, sizeof reason));
        return 3;
    }
    int status = is_sound(path, in.bytes) && (r->server || engines_begin_file(&r->engines)) ? 0 : 3;
    if (status == 0 && playback_play(&r->playback, path, in.bytes) != 0) {
        progress_done(&r->progress);
        if (r->peer.reason[0])
            fprintf(stderr, "gatepost replay: %s\n", r->peer.reason);
        r->stopped = true;
        status = 3;
    }
    input_close(&in);
    return status;
}

static int complain(const char *what)
{
    fprintf(stderr, "gatepost replay: %s\nTry 'gatepost replay --help'.\n", what);
    return 2;
}

enum { OPT_STATE = 256, OPT_SERVER, OPT_AS, OPT_JSON, OPT_SHOW, OPT_AUTH, OPT_CLOCK };

static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                        {"state-dir", required_argument, NULL, OPT_STATE},
                                        {"server", required_argument, NULL, OPT_SERVER},
                                        {"as", required_argument, NULL, OPT_AS},
                                        {"verdicts", no_argument, NULL, 'v'},
                                        {"summary", no_argument, NULL, 's'},
                                        {"trace", no_argument, NULL, 't'},
                                        {"json", no_argument, NULL, OPT_JSON},
                                        {"show", no_argument, NULL, OPT_SHOW},
                                        {"auth", required_argument, NULL, OPT_AUTH},
                                        {"test-clock", required_argument, NULL, OPT_CLOCK},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};

/* What was given for the peer at a server, before it is made. */
struct wishes {
    const char *as;
    char *auth;
    const char *test_clock;
};

/* Returns -1 to go on, or an exit status. */
static int parse_options(struct replay *r, struct wishes *w, int argc, char **argv)
{
    for (int c; (c = getopt_long(argc, argv, "c:vsth", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            r->config = optarg;
            break;
        case OPT_STATE:
            r->state_dir = optarg;
            break;
        case OPT_SERVER:
            r->server = optarg;
            break;
        case OPT_AS:
            w->as = optarg;
            break;
        case 'v':
            r->verdicts = true;
            break;
        case 's':
            r->summary = true;
            break;
        case 't':
            r->trace = true;
            r->playback.show = true;
            break;
        case OPT_JSON:
            r->json = true;
            break;
        case OPT_SHOW:
            r->playback.show = true;
            break;
        case OPT_AUTH:
            w->auth = optarg;
            break;
        case OPT_CLOCK:
            w->test_clock = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs("Try 'gatepost replay --help'.\n", stderr);
            return 2;
        }
    }
    if (optind == argc)
        return complain("no dialogue given");
    if (r->server && (r->verdicts || r->summary || r->trace || r->config || r->state_dir))
        return complain(
            "with --server the server judges: no --config, --state-dir, --verdicts, --summary or --trace");
    if (!r->server && (w->as || w->auth || w->test_clock))
        return complain("--as, --auth and --test-clock are for --server");
    if (r->json && r->playback.show)
        return complain("--json does not go with --show or --trace");
    if (r->verdicts && r->summary)
        return complain("--verdicts and --summary exclude each other");
    return -1;
}

static int set_up_server(struct replay *r, const struct wishes *w)
{
    if (!smtp_peer_init(&r->server_peer, r->server, &r->playback.clock, &r->peer))
        return complain("--server wants ADDRESS:PORT, as 127.0.0.1:25 or [::1]:25");
    r->playback.server = w->as ? dialogue_server(text_z(w->as)) : 0;
    if (w->as && !r->playback.server)
        return complain("--as wants exim, exim-scan, sendmail, postfix or mercury");
    char *colon = w->auth ? strchr(w->auth, ':') : NULL;
    if (w->auth && !colon)
        return complain("--auth wants USER:PASSWORD");
    if (colon) {
        *colon = '\0';
        r->server_peer.user = w->auth;
        r->server_peer.password = colon + 1;
    }
    r->server_peer.test_clock = w->test_clock;
    return -1;
}

static void print_result(struct replay *r, int64_t milliseconds)
{
    const struct playback *p = &r->playback;
    progress_done(&r->progress);
    if (r->summary) {
        summary_print(&r->counts, stdout, r->json);
        double seconds = (double)(milliseconds > 0 ? milliseconds : 1) / 1000;
        fprintf(stderr, "%llu sessions, %llu messages in %.2f s: %.0f messages per second\n",
                (unsigned long long)p->sessions, (unsigned long long)p->messages, seconds,
                (double)p->messages / seconds);
    }
    if (r->json && !r->summary && !r->verdicts)
        printf("{\"sessions\": %llu, \"passed\": %llu, \"failed\": %llu}\n", (unsigned long long)p->sessions,
               (unsigned long long)p->passed, (unsigned long long)p->failed);
    else if (!r->stopped && (remarks(r) == stdout || p->passed || p->failed))
        fprintf(remarks(r), "%llu passed, %llu failed\n", (unsigned long long)p->passed,
                (unsigned long long)p->failed);
}

int cmd_replay(int argc, char **argv)
{
    struct replay r = {.api = gatepost_api(GP_API_MAJOR)};
    struct wishes wishes = {0};
    int status = parse_options(&r, &wishes, argc, argv);
    if (status < 0 && r.server)
        status = set_up_server(&r, &wishes);
    if (status >= 0)
        return status;
    if (!r.server) {
        engines_init(&r.engines, r.api, r.state_dir, &r.playback.clock, &r.progress);
        simulation_init(&r.simulation, r.api, &r.playback.clock, &r.peer);
        r.simulation.trace = r.trace ? on_trace : NULL;
    }
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
    int result = 0;
    for (int i = optind; i < argc && !r.stopped; i++)
        if (play_file(&r, argv[i]) != 0)
            result = 3;
    if (!r.stopped || r.playback.sessions > 1)
        print_result(&r, os_ticks_ms() - start);
    if (r.out_of_memory) {
        fputs("gatepost replay: out of memory\n", stderr);
        result = 3;
    }
    if (result == 0 && r.playback.failed)
        result = 1;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "gatepost replay: cannot write: %s\n", strerror(errno));
        result = 3;
    }
    engines_close(&r.engines);
    summary_fini(&r.counts);
    return result;
}
