#include "commands.h"

#include "core/base/text.h"
#include "core/base/scan.h"

#include <stdio.h>

#include "tools/os/os.h"
#include "tools/lib/output.h"

static const struct command {
    const char *name;
    const char *what;
    int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND_ROW(name, what) {#name, what, cmd_##name},
    COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *f)
{
    fputs("usage: gatepost SUBCOMMAND [ARGUMENT...]\n\n", f);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        output_printf(f, "  %-12s %s\n", commands[i].name, commands[i].what);
    fputs("\n'gatepost SUBCOMMAND --help' says more, with an example. Exit status: 0 yes, 1 no, 2 wrong "
          "usage, 3 something cannot be read or done.\n",
          f);
}

static int unknown(const char *name)
{
    struct scan_near near = scan_near(text_z(name));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        scan_near_try(&near, commands[i].name);
    output_printf(stderr, "gatepost: unknown subcommand '%s'", name);
    if (near.name)
        output_printf(stderr, "; did you mean '%s'?\n", near.name);
    else
        fputs("; 'gatepost --help' lists them\n", stderr);
    return STATUS_USAGE;
}

int main(int argc, char **argv)
{
    os_begin();
    if (argc < 2) {
        print_help(stderr);
        return STATUS_USAGE;
    }
    struct text first = text_z(argv[1]);
    if (text_eq(first, TEXT("--help")) || text_eq(first, TEXT("-h")) || text_eq(first, TEXT("help"))) {
        print_help(stdout);
        return STATUS_YES;
    }
    if (text_eq(first, TEXT("--version"))) {
        puts("gatepost " GATEPOST_VERSION);
        return STATUS_YES;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (text_eq(first, text_z(commands[i].name)))
            return commands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}
