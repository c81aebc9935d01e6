/*
 * gatepost analyze - what the logs of mail servers show about spam zombies.
 *
 * Memory is bounded, whatever the logs are: a line of more than 32 KiB is ignored (LOG_FILES_LINE_LONGEST); of
 * 512 logs each has a buffer of 100 KiB (LOG_FILES_MOST); envelopes are watched for the window, and in 128 MiB
 * at most (ENVELOPES_OPEN), the longest untouched leaving first; patterns found take another 128 MiB
 * (ENVELOPES_FOUND), with 4,096 clients each; refusals are counted for 500,000 clients (CLIENTS_MOST); 16,384
 * transactions of Sendmail may be open at once (TRANSACTIONS_OPEN), and 65,536 entries on MercuryS's list
 * (MERCURY_BLACKLIST_MOST); with --traps, addresses that were tried take 96 MiB (TRAPS_BYTES), and 2,000,000
 * that were accepted are known (TRAPS_KNOWN). Standard error says what a limit left out. Time grows only with
 * the length of the logs.
 */
#include "tools/commands.h"
#include "core/os/os.h"
#include "transactions.h"
#include "log_files.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"
#include "tools/lib/progress.h"
#include "report.h"

#include <limits.h>
#include <stdio.h>

enum { PROGRESS_LINES = 8192 };

static const char command[] = "gatepost analyze";

static const char help[] =
    "usage: gatepost analyze [--window TIME] [--clients N] [--refused N] [--year YYYY]\n"
    "                        [--json | --format table|json|block-table [--with-refused]] LOG...\n"
    "       gatepost analyze --traps [--clients N] [--days N] [--year YYYY] [--json] LOG...\n"
    "\n"
    "Reads logs of Sendmail, Exim, Postfix and MercuryS, plain or gzipped ('-' is standard input), and shows\n"
    "attempts with one envelope (sender and recipient) that were refused from several clients, clients that\n"
    "were refused again and again, and MercuryS's short-term blacklist over time. Several logs are read side\n"
    "by side, in the order of their times. Temporary refusals (4xx) and null senders do not count.\n"
    "\n"
    "  -w, --window TIME    the time within which the clients must come: 90s, 30m, 1h (default), 7d\n"
    "  -c, --clients N      how many different clients make a pattern (default 3)\n"
    "  -r, --refused N      how many refusals of a client count as again and again (default 3)\n"
    "  -y, --year YYYY      the year of the first line, if lines have no year (default: the latest that\n"
    "                       is not in the future)\n"
    "  -j, --json           the same as --format json\n"
    "  -f, --format FORMAT  table (default), json, or block-table: the clients of the patterns, ready for\n"
    "                       'gatepost table make'\n"
    "      --traps          instead, list addresses that were never accepted and were tried by N clients\n"
    "                       (--clients) on N days (--days): candidates for the trap table, ready for\n"
    "                       'gatepost table make'\n"
    "  -d, --days N         on how many days a candidate was tried (default 2)\n"
    "      --with-refused   also list the clients refused again and again in the block table\n"
    "  -h, --help\n"
    "\n"
    "example: gatepost analyze --format block-table /var/log/maillog* >relays.txt\n"
    "         gatepost table make relays.txt /etc/gatepost/block.cdb\n"
    "Exit status: 0 something was found, 1 nothing, 2 wrong usage, 3 something could not be read.\n";

enum { FORMAT_TABLE, FORMAT_JSON, FORMAT_BLOCK_TABLE, FORMAT_NONE };

struct choices {
    uint32_t window;
    uint64_t clients, refused, year, days;
    unsigned format;
    bool with_refused, traps;
};

struct job {
    struct choices choices;
    struct envelopes envelopes;
    struct clients clients;
    struct mercury_blacklist mercury;
    struct traps traps;
    struct transactions transactions;
    struct log_files logs;
    struct progress progress;
    uint64_t unknown;
};

/* Returns a status, or OPTIONS_GO_ON. */
static int read_options(struct choices *c, int argc, char **argv, char ***logs)
{
    static const char *const formats[] = {"table", "json", "block-table", NULL};
    bool json = false;
    const struct option_row rows[] = {{'w', "window", .span = &c->window},
                                      {'c', "clients", .number = &c->clients, .least = 2, .most = 1000},
                                      {'r', "refused", .number = &c->refused, .least = 1, .most = UINT32_MAX},
                                      {'y', "year", .number = &c->year, .least = 1970, .most = 9998},
                                      {'j', "json", .flag = &json},
                                      {'f', "format", .choice = &c->format, .words = formats},
                                      {0, "with-refused", .flag = &c->with_refused},
                                      {0, "traps", .flag = &c->traps},
                                      {'d', "days", .number = &c->days, .least = 1, .most = 10000}};
    int status = options_read(&(struct options){command, help, rows, sizeof rows / sizeof *rows, 1, INT_MAX},
                              argc, argv, logs);
    if (status != OPTIONS_GO_ON)
        return status;
    if (json && c->format != FORMAT_JSON && c->format != FORMAT_NONE)
        return options_complain(command, "choose one format: --json or --format %s", formats[c->format]);
    if (json)
        c->format = FORMAT_JSON;
    if (c->format == FORMAT_NONE)
        c->format = FORMAT_TABLE;
    if (c->traps && c->format == FORMAT_BLOCK_TABLE)
        return options_complain(command, "--traps is text for a trap table, or with --json JSON");
    if (c->with_refused && c->format != FORMAT_BLOCK_TABLE)
        return options_complain(command, "--with-refused needs --format block-table");
    if (argc - (*logs - argv) > LOG_FILES_MOST)
        return options_complain(command, "more than %d logs; join some of them with zcat -f", LOG_FILES_MOST);
    return OPTIONS_GO_ON;
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
    say(job->transactions.busy, "of these because the server was busy, which do not count");
    say(job->transactions.unclear, "of these without a certain client");
    say(job->unknown, "lines not recognised");
    say(job->envelopes.lost_early,
        "envelopes forgotten too early, for lack of memory; a shorter --window helps");
    say(job->envelopes.lost_patterns, "patterns left out, for lack of memory");
    say(job->clients.lost, "refusals of rare clients left out, for lack of memory");
    say(job->traps.lost, "addresses tried were forgotten, for lack of memory");
    say(job->traps.lost_known,
        "accepted addresses were forgotten, for lack of memory: candidates may be among them");
    say(job->mercury.lost, "entries or hours of the short-term blacklist left out, for lack of memory");
}

static bool report(const struct job *job)
{
    if (job->choices.traps)
        return (job->choices.format == FORMAT_JSON ? report_traps_json : report_traps)(&job->traps, stdout);
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
    bool whole =
        transactions_init(&job->transactions, &job->envelopes, &job->clients, &job->mercury, count) &&
        (job->transactions.traps = job->choices.traps ? &job->traps : NULL, true) &&
        log_files_open(&job->logs, paths, count, (unsigned)job->choices.year, os_clock(), job->choices.traps) &&
        read_logs(job);
    progress_done(&job->progress);
    if (!whole) {
        fputs("gatepost analyze: out of memory\n", stderr);
        return STATUS_CANNOT;
    }
    transactions_finish(&job->transactions);
    envelopes_finish(&job->envelopes);
    clients_finish(&job->clients);
    if (!traps_finish(&job->traps)) {
        fputs("gatepost analyze: out of memory\n", stderr);
        return STATUS_CANNOT;
    }
    bool found = report(job);
    if (output_finish(command, STATUS_YES) != STATUS_YES)
        return STATUS_CANNOT;
    if (!found && job->choices.format == FORMAT_TABLE)
        fputs("nothing found\n", stderr);
    print_counts(job);
    return job->logs.failed ? STATUS_CANNOT : found ? STATUS_YES : STATUS_NO;
}

int cmd_analyze(int argc, char **argv)
{
    struct job job = {
        .choices = {.window = 3600, .clients = 3, .refused = 3, .days = 2, .format = FORMAT_NONE}};
    char **logs;
    int status = read_options(&job.choices, argc, argv, &logs);
    if (status != OPTIONS_GO_ON)
        return status;
    envelopes_init(&job.envelopes, job.choices.window, (size_t)job.choices.clients);
    clients_init(&job.clients, job.choices.refused);
    mercury_blacklist_init(&job.mercury);
    traps_init(&job.traps, (size_t)job.choices.clients, job.choices.days);
    status = run(&job, logs, (size_t)(argc - (logs - argv)));
    log_files_close(&job.logs);
    transactions_fini(&job.transactions);
    traps_fini(&job.traps);
    mercury_blacklist_fini(&job.mercury);
    clients_fini(&job.clients);
    envelopes_fini(&job.envelopes);
    return status;
}
