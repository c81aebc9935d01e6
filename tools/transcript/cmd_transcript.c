#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "core/pattern/pattern.h"
#include "tools/lib/input.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"
#include "tools/lib/progress.h"
#include "transcript.h"
#include "tools/lib/dirwalk.h"

static const char usage[] =
    "usage: gatepost transcript [--by PATTERN] [--label spam|ham] [--unknown] FILE|DIR...\n"
    "Turns stored mail (one message a file, or mbox; folders with all below them) back into dialogues\n"
    "for gatepost replay.\n"
    "\n"
    "Client, HELO, sender, recipient and time are taken from the Received field of the server that took\n"
    "the message in: the first from the top whose client has a public address, or with --by the first\n"
    "of that server.\n"
    "\n"
    "  -b, --by PATTERN    the server: a domain (mx.example.com: it and names below it), or a pattern as\n"
    "                      in rules (*mx*)\n"
    "  -l, --label LABEL   spam or ham; without it the label is taken from the path, as in\n"
    "                      mail/spam-1/00042.txt\n"
    "  -u, --unknown       list the Received fields whose form is not known, instead of dialogues\n"
    "  -h, --help\n"
    "\n"
    "What a message does not show is left out and counted on standard error. What the server put among\n"
    "the client's fields is left out too: a Message-ID because the client had sent none, results of\n"
    "checks, the fields of a list.\n"
    "\n"
    "example: gatepost transcript --by mx.example.com --label spam junk.mbox | gatepost replay --summary -\n"
    "Exit status: 0 all was read, 2 wrong usage, 3 something could not be read.\n";

static const char command[] = "gatepost transcript";

struct job {
    struct transcript transcript;
    struct progress progress;
    uint64_t bytes;
    uint64_t no_mail; /* files */
    bool incomplete;  /* a file could not be read */
    size_t out_size;
    char out[65536];
};

static void flush_out(struct job *job)
{
    fwrite(job->out, 1, job->out_size, stdout);
    job->out_size = 0;
}

static void put_out(void *context, const char *bytes, size_t n)
{
    struct job *job = context;
    if (n > sizeof job->out - job->out_size)
        flush_out(job);
    if (n > sizeof job->out) {
        fwrite(bytes, 1, n, stdout);
        return;
    }
    if (n)
        memcpy(job->out + job->out_size, bytes, n);
    job->out_size += n;
}

static void tell(struct job *job, const char *path, const char *reason)
{
    progress_done(&job->progress);
    output_printf(stderr, "%s: %s: %s\n", command, path, reason);
}

static void tell_trouble(void *context, const char *path, int error)
{
    char reason[128];
    tell(context, path, os_reason(error, reason, sizeof reason));
}

static bool take_file(void *context, const char *path)
{
    struct job *job = context;
    struct input in;
    struct mbox stored;
    struct mbox_message message;
    char reason[128], *memory = NULL;
    int error = input_open(path, &in);
    if (error) {
        tell(job, path, input_reason(&in, error, reason, sizeof reason));
        job->incomplete = true;
        return error != ENOMEM;
    }
    struct text mail = in.bytes;
    bool going = mbox_mend(&mail, &memory), is_mail = mbox_is_mail(mail);
    size_t size = mail.n;
    job->no_mail += !is_mail;
    mbox_init(&stored, mail);
    while (going && is_mail && mbox_next(&stored, &message)) {
        /* The number says which message of an mbox it is; one of one needs none. */
        unsigned number = stored.number > 1 || stored.rest.n ? stored.number : 0;
        going = transcript_message(&job->transcript, path, number, &message);
        progress_show(&job->progress, job->bytes + size - stored.rest.n, 0);
    }
    job->bytes += size;
    free(memory);
    input_close(&in);
    if (!going)
        tell_trouble(job, path, ENOMEM);
    return going;
}

static void print_counts(const struct job *job)
{
    const struct transcript_counts *c = &job->transcript.counts;
    const struct {
        const char *what;
        uint64_t count;
    } rows[] = {
        {"messages read", c->messages},
        {"sessions written", c->sessions},
        {"no usable Received field (left out)", c->no_received},
        {"Received field in a form that is not known (left out; --unknown lists them)", c->unknown_form},
        {"files that are not mail (left out)", job->no_mail},
        {"host name not known", c->no_name},
        {"HELO not known", c->no_helo},
        {"sender not known", c->no_sender},
        {"recipient not known", c->no_recipient},
        {"time not known", c->no_time},
        {"Message-ID added by the server (left out)", c->own_message_id},
        {"other fields added by the server (left out)", c->own_fields}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        fprintf(stderr, "%10llu  %s\n", (unsigned long long)rows[i].count, rows[i].what);
}

/* Takes --by as a domain, if it can be one, and as a pattern. */
static int set_by(struct transcript *t, const char *by, unsigned char *code)
{
    struct pattern_error error = {0};
    t->by_size = pattern_compile(text_z(by), code, PATTERN_CODE_MAX, NULL, &error);
    if (!t->by_size)
        return options_complain(command, "--by '%s': %s, at byte %zu", by, error.message, error.offset + 1);
    t->by_code = code;
    t->by_domain = text_z(by[0] == '.' ? by + 1 : by);
    return OPTIONS_GO_ON;
}

static int read_options(struct job *job, int argc, char **argv, unsigned char *code, char ***paths)
{
    static const char *const labels[] = {"spam", "ham", NULL};
    const char *by = NULL;
    unsigned label = 2;
    const struct option_row rows[] = {{'b', "by", .text = &by},
                                      {'l', "label", .choice = &label, .words = labels},
                                      {'u', "unknown", .flag = &job->transcript.list_unknown}};
    int status = options_read(&(struct options){command, usage, rows, sizeof rows / sizeof *rows, 1, INT_MAX},
                              argc, argv, paths);
    if (status != OPTIONS_GO_ON)
        return status;
    job->transcript.label = labels[label];
    return by ? set_by(&job->transcript, by, code) : OPTIONS_GO_ON;
}

static int run(struct job *job, char **paths)
{
    bool whole = true;
    job->progress = progress_start("reading mail");
    for (; *paths; paths++) {
        if (strcmp(*paths, "-") == 0)
            whole = take_file(job, *paths) && whole;
        else
            whole = dirwalk(*paths, take_file, tell_trouble, job) && whole;
    }
    flush_out(job);
    progress_done(&job->progress);
    print_counts(job);
    return output_finish(command, whole && !job->incomplete ? STATUS_YES : STATUS_CANNOT);
}

int cmd_transcript(int argc, char **argv)
{
    struct job job = {.bytes = 0};
    char **paths;
    unsigned char *code = malloc(PATTERN_CODE_MAX);
    if (!code)
        return STATUS_CANNOT;
    transcript_init(&job.transcript, put_out, &job);
    int status = read_options(&job, argc, argv, code, &paths);
    if (status == OPTIONS_GO_ON)
        status = run(&job, paths);
    transcript_fini(&job.transcript);
    free(code);
    return status;
}
