/*
 * gatepost analyze - what the logs of mail servers tell about spam zombies.
 *
 * Memory is bounded, whatever the logs are: a line of more than 32 KiB is not looked at (LOG_FILES_LINE_LONGEST);
 * of 512 logs each has a buffer of 100 KiB (LOG_FILES_MOST); envelopes are watched for the window, and in 128 MiB
 * at most (ENVELOPES_OPEN), the longest untouched leaving first; patterns found take another 128 MiB
 * (ENVELOPES_FOUND), with 4,096 clients each; refusals are counted for 500,000 clients (CLIENTS_MOST); 16,384
 * transactions of Sendmail may be open at once (TRANSACTIONS_OPEN), and 65,536 entries on MercuryS's list
 * (MERCURY_BLACKLIST_MOST). What a ceiling keeps out is said on standard error. Time grows with the length of the logs
 * and nothing else.
 */
#include "tools/commands.h"
#include "core/os/os.h"
#include "core/base/scan.h"
#include "core/config/line.h"
#include "transactions.h"
#include "log_files.h"
#include "tools/lib/progress.h"
#include "report.h"

#include <getopt.h>
#include <stdio.h>

enum { PROGRESS_LINES = 8192 };

static const char help[] =
    "usage: gatepost analyze [--window TIME] [--clients N] [--refused N] [--year YYYY]\n"
    "                        [--json | --format table|json|block-table [--with-refused]] LOG...\n"
    "\n"
    "Reads logs of Sendmail, Exim, Postfix and MercuryS, plain or gzipped ('-' is standard input), and shows\n"
    "attempts with one envelope (sender and recipient) that were refused from several clients, clients that\n"
    "were refused again and again, and MercuryS's short-term blacklist over time. Several logs are read side\n"
    "by side, in the order of their times. Temporary refusals (4xx) and null senders do not count.\n"
    "\n"
    "  -w, --window TIME    within which the clients must come: 90s, 30m, 1h (default), 7d\n"
    "  -c, --clients N      so many different clients make a pattern (default 3)\n"
    "  -r, --refused N      so many refusals are again and again (default 3)\n"
    "  -y, --year YYYY      of the first line, where lines have no year; else it is the latest that does not\n"
    "                       lie in the future\n"
    "  -j, --json           the same as --format json\n"
    "  -f, --format FORMAT  table (default), json, or block-table: the clients of the patterns, ready for\n"
    "                       'gatepost table make'\n"
    "      --with-refused   the clients refused again and again in the block table, too\n"
    "  -h, --help\n"
    "\n"
    "example: gatepost analyze --format block-table /var/log/maillog* >relays.txt\n"
    "         gatepost table make relays.txt /etc/gatepost/block.cdb\n"
    "Exit status: 0 something was found, 1 nothing, 2 wrong usage, 3 something could not be read.\n";

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_BLOCK_TABLE };

struct choices {
    uint32_t window;
    uint64_t clients, refused, year;
    enum format format;
    bool format_set, with_refused;
};

struct job {
    struct choices choices;
    struct envelopes envelopes;
    struct clients clients;
    struct mercury_blacklist mercury;
    struct transactions transactions;
    struct log_files logs;
    struct progress progress;
    uint64_t unknown;
};

static int wrong(const char *value, const char *what)
{
    fprintf(stderr, "gatepost analyze: %s%s%s%s\nTry 'gatepost analyze --help'.\n", value ? "'" : "",
            value ? value : "", value ? "' " : "", what);
    return STATUS_USAGE;
}

static bool set_format(struct choices *c, const char *name)
{
    static const char *const names[] = {"table", "json", "block-table"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (text_eq(text_z(name), text_z(names[i])) && (!c->format_set || c->format == (enum format)i)) {
            c->format = (enum format)i;
            c->format_set = true;
            return true;
        }
    return false;
}

static bool set_number(uint64_t *out, const char *value, uint64_t low, uint64_t high)
{
    return text_number(text_z(value), high, out) && *out >= low;
}

static const struct option options[] = {{"window", required_argument, NULL, 'w'},
                                        {"clients", required_argument, NULL, 'c'},
                                        {"refused", required_argument, NULL, 'r'},
                                        {"year", required_argument, NULL, 'y'},
                                        {"json", no_argument, NULL, 'j'},
                                        {"format", required_argument, NULL, 'f'},
                                        {"with-refused", no_argument, NULL, 'R'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};

/* Returns a status, or -1 to go on. */
static int read_options(struct choices *c, int argc, char **argv)
{
    optind = 0; /* begin anew: glibc and mingw-w64 alike */
    for (int o; (o = getopt_long(argc, argv, "w:c:r:y:jf:h", options, NULL)) != -1;) {
        if (o == 'w' && (!scan_duration(text_z(optarg), &c->window) || !c->window))
            return wrong(optarg, "is no time; write it like 90s, 30m, 1h or 7d");
        if (o == 'c' && !set_number(&c->clients, optarg, 2, 1000))
            return wrong(optarg, "is no number from 2 to 1000");
        if (o == 'r' && !set_number(&c->refused, optarg, 1, UINT32_MAX))
            return wrong(optarg, "is no number of 1 or more");
        if (o == 'y' && !set_number(&c->year, optarg, 1970, 9998))
            return wrong(optarg, "is no year from 1970 on");
        if ((o == 'j' && !set_format(c, "json")) || (o == 'f' && !set_format(c, optarg)))
            return wrong(o == 'j' ? "--json" : optarg,
                         "is not it: one format is wanted, table, json or block-table");
        if (o == 'R')
            c->with_refused = true;
        if (o == 'h') {
            fputs(help, stdout);
            return STATUS_YES;
        }
        if (o == '?') {
            fputs("Try 'gatepost analyze --help'.\n", stderr);
            return STATUS_USAGE;
        }
    }
    if (c->with_refused && c->format != FORMAT_BLOCK_TABLE)
        return wrong(NULL, "--with-refused goes with --format block-table");
    if (optind == argc)
        return wrong(NULL, "no log given");
    if (argc - optind > LOG_FILES_MOST)
        return wrong(NULL, "more than 512 logs; join some of them with zcat -f");
    return -1;
}

/* Returns false when out of memory. */
static bool read_logs(struct job *job)
{
    const struct log_event *e;
    int64_t time;
    size_t file;
    while ((e = log_files_next(&job->logs, &time, &file)) != NULL) {
        job->unknown += e->kind == LOG_UNKNOWN && text_trim(e->line).n;
        if (!transactions_take(&job->transactions, e, time, file))
            return false;
        if (job->logs.lines % PROGRESS_LINES == 0)
            progress_show(&job->progress, log_files_done(&job->logs), job->logs.size);
    }
    return true;
}

static void say(uint64_t count, const char *what)
{
    if (count)
        fprintf(stderr, "%10llu  %s\n", (unsigned long long)count, what);
}

static void print_counts(const struct job *job)
{
    fprintf(stderr, "%10llu  lines read\n", (unsigned long long)job->logs.lines);
    fprintf(stderr, "%10llu  of them refuse something\n", (unsigned long long)job->transactions.refusals);
    say(job->transactions.temporary, "of these temporary, which do not count");
    say(job->transactions.unclear, "of these without a client that can be told for certain");
    say(job->unknown, "lines not recognised");
    say(job->envelopes.lost_early,
        "envelopes forgotten before their time, for want of room; a shorter --window helps");
    say(job->envelopes.lost_patterns, "patterns left out, for want of room");
    say(job->clients.lost, "refusals of rare clients left out, for want of room");
    say(job->mercury.lost, "entries or hours of the short-term blacklist left out, for want of room");
}

static bool report(const struct job *job)
{
    switch (job->choices.format) {
    case FORMAT_JSON:
        return report_json(&job->envelopes, &job->clients, &job->mercury, stdout);
    case FORMAT_BLOCK_TABLE:
        return report_block_table(&job->envelopes, job->choices.with_refused ? &job->clients : NULL, stdout);
    default:
        return report_tables(&job->envelopes, &job->clients, &job->mercury, stdout);
    }
}

static int run(struct job *job, char **paths, size_t count)
{
    job->progress = progress_start("reading logs");
    bool whole = transactions_init(&job->transactions, &job->envelopes, &job->clients, &job->mercury, count) &&
                 log_files_open(&job->logs, paths, count, (unsigned)job->choices.year, os_clock()) &&
                 read_logs(job);
    progress_done(&job->progress);
    if (!whole) {
        fputs("gatepost analyze: out of memory\n", stderr);
        return STATUS_CANNOT;
    }
    envelopes_finish(&job->envelopes);
    clients_finish(&job->clients);
    bool found = report(job);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("gatepost analyze: standard output could not be written\n", stderr);
        return STATUS_CANNOT;
    }
    if (!found && job->choices.format == FORMAT_TABLE)
        fputs("nothing found\n", stderr);
    print_counts(job);
    return job->logs.failed ? STATUS_CANNOT : found ? STATUS_YES : STATUS_NO;
}

int cmd_analyze(int argc, char **argv)
{
    struct job job = {.choices = {.window = 3600, .clients = 3, .refused = 3}};
    int status = read_options(&job.choices, argc, argv);
    if (status >= 0)
        return status;
    envelopes_init(&job.envelopes, job.choices.window, (size_t)job.choices.clients);
    clients_init(&job.clients, job.choices.refused);
    mercury_blacklist_init(&job.mercury);
    status = run(&job, argv + optind, (size_t)(argc - optind));
    log_files_close(&job.logs);
    transactions_fini(&job.transactions);
    mercury_blacklist_fini(&job.mercury);
    clients_fini(&job.clients);
    envelopes_fini(&job.envelopes);
    return status;
}
