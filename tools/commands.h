/*
 * commands.h - the subcommands of gatepost(1). One line here is all that main.c needs: X(name, what it does)
 * makes the function cmd_NAME(argc, argv), whose argv[0] is its own name. It returns one of the statuses below.
 */
#ifndef GATEPOST_COMMANDS_H
#define GATEPOST_COMMANDS_H

#define COMMANDS(X)                                                                                            \
    X(analyze, "find relays and persistent clients in the logs of mail servers")                               \
    X(blocks, "show and change the blocklist: list, add, remove, clear, export, import, resize")               \
    X(check, "report errors in a rule file and in the tables that it names")                                   \
    X(replay, "play dialogues through the rules, or into a real server")                                       \
    X(report, "make an HTML page about the logs")                                                              \
    X(stats, "count the clients on the blocklist and the verdicts so far")                                     \
    X(table, "make, print and look up tables, such as exemptions and traps")                                   \
    X(transcript, "turn stored mail back into dialogues")

enum { STATUS_YES = 0, STATUS_NO = 1, STATUS_USAGE = 2, STATUS_CANNOT = 3 };

#define COMMAND_PROTOTYPE(name, what) int cmd_##name(int argc, char **argv);
COMMANDS(COMMAND_PROTOTYPE)
#undef COMMAND_PROTOTYPE

#endif
