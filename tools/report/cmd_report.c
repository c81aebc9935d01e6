/*
 * cmd_report.c - gatepost report: a page about what logs say, for people who look rather than read.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/config/config.h"
#include "core/os/os.h"
#include "digest.h"
#include "page.h"
#include "tools/analyze/log_files.h"
#include "tools/commands.h"
#include "tools/lib/options.h"
#include "tools/lib/outfile.h"
#include "tools/lib/output.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"
#include "tools/lib/tempdir.h"

enum { PROGRESS_LINES = 8192, COPY = 65536 };

static const char command[] = "gatepost report";

static const char help[] =
    "usage: gatepost report [--config CONF] [--year YYYY] [-o FILE] LOG...\n"
    "\n"
    "Reads logs as 'gatepost analyze' does, with the lines that gatepost itself writes there, and makes one\n"
    "HTML page: refusals by time and cause, rules, clients and networks, the blocklist over time, relays,\n"
    "traps, what trial mode would have refused, and clients that were perhaps refused wrongly. The page\n"
    "needs nothing beside it.\n"
    "\n"
    "  -o, --output FILE    the page; without it, standard output\n"
    "  -c, --config CONF    the rules: the page then names the rules that never triggered, and the traps\n"
    "  -y, --year YYYY      of the first line, where lines have no year\n"
    "  -h, --help           this text\n"
    "\n"
    "example: gatepost report -o report.html --config gatepost.conf /var/log/exim4/mainlog*\n"
    "Exit status: 0 the page was made, 2 wrong usage, 3 something could not be read or written.\n";

static void show_problem(void *context, const struct error *e, bool warning, struct text source)
{
    (void)context;
    if (!warning)
        problem_show(e, warning, source);
}

/* Returns false when out of memory. */
static bool read_logs(struct digest *d, struct log_files *logs)
{
    struct progress progress = progress_start("reading logs");
    const struct log_event *e;
    int64_t time;
    size_t file;
    bool whole = true;
    while (whole && (e = log_files_next(logs, &time, &file)) != NULL) {
        whole = digest_take(d, e, time, file);
        if (logs->lines % PROGRESS_LINES == 0)
            progress_show(&progress, log_files_done(logs), logs->size);
    }
    d->lines = logs->lines;
    progress_done(&progress);
    digest_finish(d);
    return whole;
}

/* Moves the page from F to PATH, which appears as a whole or not at all. Returns 0 or an errno value. */
static int put_in_place(FILE *f, const char *path)
{
    char bytes[COPY];
    struct outfile *out;
    int error = outfile_open(path, &out);
    rewind(f);
    for (size_t n; !error && (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
        error = outfile_add(out, bytes, n);
    if (!error && ferror(f))
        error = EIO;
    if (!error)
        return outfile_commit(&out);
    outfile_discard(&out);
    return error;
}

/* Writes the page to standard output. */
static int print_page(const struct digest *d, const struct block *rules)
{
    bool whole = page_write(stdout, d, rules);
    if (!whole)
        fprintf(stderr, "%s: out of memory\n", command);
    return output_finish(command, whole ? STATUS_YES : STATUS_CANNOT);
}

/* Writes the page to PATH, by way of a temporary file. Returns 0 or an errno value. */
static int write_page(const struct digest *d, const struct block *rules, const char *path)
{
    char folder[300], temporary[320];
    if (!tempdir_make(folder, sizeof folder))
        return errno;
    snprintf(temporary, sizeof temporary, "%s/page.html", folder);
    FILE *f = fopen(temporary, "w+b");
    int error = f ? 0 : errno;
    if (f && !page_write(f, d, rules))
        error = ENOMEM;
    if (!error && (fflush(f) != 0 || ferror(f)))
        error = EIO;
    if (!error)
        error = put_in_place(f, path);
    if (f)
        fclose(f);
    tempdir_remove(folder);
    return error;
}

static int make_page(const struct digest *d, const struct block *rules, const char *path)
{
    char reason[128];
    int error = path ? write_page(d, rules, path) : 0;
    if (!path)
        return print_page(d, rules);
    if (error)
        output_printf(stderr, "%s: %s: %s\n", command, path, os_reason(error, reason, sizeof reason));
    return error ? STATUS_CANNOT : STATUS_YES;
}

static int run(char **paths, size_t count, unsigned year, const struct block *rules, const char *output)
{
    struct log_files logs;
    struct digest *d = digest_new(count);
    bool whole = d && log_files_open(&logs, paths, count, year, os_clock(), true);
    int status = STATUS_CANNOT;
    if (whole && read_logs(d, &logs)) {
        status = make_page(d, rules, output);
        if (status == STATUS_YES && logs.failed)
            status = STATUS_CANNOT;
    } else {
        fprintf(stderr, "%s: out of memory\n", command);
    }
    if (whole)
        log_files_close(&logs);
    digest_free(&d);
    return status;
}

int cmd_report(int argc, char **argv)
{
    const char *config = NULL, *output = NULL;
    uint64_t year = 0;
    char **logs;
    struct block *rules = NULL;
    struct report report = {.problem = show_problem};
    const struct option_row rows[] = {{'o', "output", .text = &output},
                                      {'c', "config", .text = &config},
                                      {'y', "year", .number = &year, .least = 1970, .most = 9998}};
    int status = options_read(&(struct options){command, help, rows, 3, 1, INT_MAX}, argc, argv, &logs);
    if (status != OPTIONS_GO_ON)
        return status;
    size_t count = (size_t)(argc - (logs - argv));
    if (count > LOG_FILES_MOST)
        return options_complain(command, "more than %d logs; join some of them with zcat -f", LOG_FILES_MOST);
    if (config && !(rules = config_load(config, NULL, 0, &report, NULL, NULL)))
        return STATUS_CANNOT;
    status = run(logs, count, (unsigned)year, rules, output);
    block_unref(&rules);
    return status;
}
