#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/scan.h"
#include "tools/commands.h"
#include "tools/lib/calendar.h"
#include "tools/lib/output.h"

enum { FIRST_ROW = 256 };

static int say_where_help_is(const char *command)
{
    fprintf(stderr, "Try '%s --help'.\n", command);
    return STATUS_USAGE;
}

int options_complain(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", command);
    output_vprintf(stderr, format, arguments);
    va_end(arguments);
    putc('\n', stderr);
    return say_where_help_is(command);
}

/* The first paragraph of the help. */
static int show_usage(const struct options *o)
{
    const char *end = strstr(o->help, "\n\n");
    fprintf(stderr, "%.*s\n", end ? (int)(end - o->help) : (int)strlen(o->help), o->help);
    return say_where_help_is(o->command);
}

static bool find_word(const struct option_row *row, const char *value)
{
    for (unsigned i = 0; row->words[i]; i++)
        if (strcmp(value, row->words[i]) == 0) {
            *row->choice = i;
            return true;
        }
    return false;
}

/* The kind of value of the option, in words. */
static void describe(const struct option_row *row, struct writer *w)
{
    if (row->number && row->most == UINT64_MAX)
        writer_add(w, TEXT("a number"));
    else if (row->number)
        writer_printf(w, "a number from %llu to %llu", (unsigned long long)row->least,
                      (unsigned long long)row->most);
    else if (row->span)
        writer_add(w, TEXT("a time like 90s, 30m, 1h or 7d"));
    else if (row->moment)
        writer_add(w, TEXT("a time like 2003-07-24T01:11:45-07:00"));
    else
        for (unsigned i = 0; row->words[i]; i++)
            writer_printf(w, "%s%s", i ? row->words[i + 1] ? ", " : " or " : "", row->words[i]);
}

static bool set_value(const struct option_row *row, const char *value)
{
    struct moment moment;
    if (row->flag)
        *row->flag = true;
    else if (row->text)
        *row->text = value;
    else if (row->number)
        return text_number(text_z(value), row->most, row->number) && *row->number >= row->least;
    else if (row->span)
        return scan_duration(text_z(value), row->span) && *row->span;
    else if (row->choice)
        return find_word(row, value);
    else if (calendar_parse_iso(text_z(value), &moment))
        *row->moment = moment.seconds;
    else
        return false;
    return true;
}

static const struct option_row *find_row(const struct options *o, int c)
{
    if (c >= FIRST_ROW)
        return &o->rows[c - FIRST_ROW];
    for (size_t i = 0; i < o->count; i++)
        if (o->rows[i].letter == c)
            return &o->rows[i];
    return NULL;
}

int options_read(const struct options *o, int argc, char **argv, char ***words)
{
    struct option known[OPTIONS_MOST + 2] = {{"help", no_argument, NULL, 'h'}};
    char letters[2 * OPTIONS_MOST + 2] = "h", title[64];
    struct writer w = writer_on(letters + 1, sizeof letters - 1);
    for (size_t i = 0; i < o->count && i < OPTIONS_MOST; i++) {
        const struct option_row *row = &o->rows[i];
        known[i + 1] =
            (struct option){row->name, row->flag ? no_argument : required_argument, NULL, FIRST_ROW + (int)i};
        if (row->letter)
            writer_printf(&w, "%c%s", row->letter, row->flag ? "" : ":");
    }
    snprintf(title, sizeof title, "%s", o->command);
    argv[0] = title; /* messages of getopt_long() begin with it */
    optind = 0;      /* start again: works in glibc and mingw-w64 */
    for (int c; (c = getopt_long(argc, argv, letters, known, NULL)) != -1;) {
        if (c == 'h') {
            fputs(o->help, stdout);
            return output_finish(o->command, STATUS_YES);
        }
        const struct option_row *row = find_row(o, c);
        if (!row)
            return say_where_help_is(o->command);
        if (!set_value(row, optarg)) {
            char wanted[200];
            struct writer d = writer_on(wanted, sizeof wanted);
            describe(row, &d);
            return options_complain(o->command, "--%s needs %s, not '%s'", row->name, wanted, optarg);
        }
    }
    *words = argv + optind;
    return argc - optind < o->least || argc - optind > o->most ? show_usage(o) : OPTIONS_GO_ON;
}

int options_show_verbs(const char *overview, int argc, char **argv)
{
    struct text verb = text_z(argc > 1 ? argv[1] : "");
    bool help = text_eq(verb, TEXT("--help")) || text_eq(verb, TEXT("-h"));
    fputs(overview, help ? stdout : stderr);
    return help ? STATUS_YES : STATUS_USAGE;
}
