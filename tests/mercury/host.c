/*
 * host.c - the test host: does to the daemon what Mercury does (stage.h, connection.h), told by lines on
 * standard input:
 *
 *   load DLL              LoadLibrary
 *   unload                FreeLibrary
 *   manners NAME VALUE    what is different in this Mercury (struct manners); "manners usual": nothing
 *   start [PARAM]         startup(); prints "startup RESULT, HANDLERS handlers"
 *   stop                  closedown(); prints "closedown RESULT, HANDLERS handlers"
 *   configure             calls it
 *   daemon                calls it
 *   clock FILE            dialogues write their time there (test-clock)
 *   as mercury            S@mercury lines count; with another word, none
 *   show on               prints every line of the dialogues
 *   play FILE...          plays dialogues; prints mismatches and the counts
 *   soak THREADS SESSIONS sessions from many threads at once (soak.c)
 *   soak-and-stop THREADS the same, with closedown() in the midst of it
 *   collide THREADS       events of one session from all of them at once, and one within another
 *   cross                 a connection whose event bears the id of an open session
 *   say TEXT              prints TEXT, to find the place in the output
 *
 * The daemon's log lines are printed as "log PRIORITY TEXT", what must never be as "FAILED: ...".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "core/base/writer.h"
#include "tools/replay/playback.h"

static struct connection connection;
static struct peer peer;
static struct playback playback = {.peer = &peer, .server = SERVER_MERCURY};
static char clock_file[512];

static void on_mismatch(void *context, const char *line)
{
    (void)context;
    printf("%s\n", line);
}

static void on_line(void *context, char who, struct text text, const char *deviation)
{
    (void)context;
    if (who == '=')
        printf("\n%.*s\n", (int)text.n, text.p);
    else
        printf("%c: %.*s%s%s\n", who, (int)text.n, text.p, deviation ? "   <-- " : "",
               deviation ? deviation : "");
}

static void on_problem(void *context, const struct error *e, bool warning, struct text source)
{
    char line[1024];
    struct writer w = writer_on(line, sizeof line);
    (void)context, (void)warning, (void)source;
    error_format(e, &w);
    printf("%s\n", line);
}

/* The whole file; NULL if it cannot be read. */
static char *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    long n = -1;
    if (f && fseek(f, 0, SEEK_END) == 0)
        n = ftell(f);
    if (n >= 0 && fseek(f, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)n + 1);
    if (bytes && fread(bytes, 1, (size_t)n, f) != (size_t)n) {
        free(bytes);
        bytes = NULL;
    }
    if (f)
        fclose(f);
    *size = n > 0 ? (size_t)n : 0;
    return bytes;
}

static void play(const char *path)
{
    size_t size;
    char *bytes = read_file(path, &size);
    struct report report = {.problem = on_problem};
    struct dialogue dialogue;
    struct item item;
    if (!bytes) {
        printf("FAILED: cannot read %s\n", path);
        return;
    }
    dialogue_init(&dialogue, path, text_of(bytes, size), &report);
    while (dialogue_next(&dialogue, &item))
        ;
    playback.sessions = playback.passed = playback.failed = 0;
    connection.undocumented = connection.failures = connection.line_ends = 0;
    if (report.errors || playback_play(&playback, path, text_of(bytes, size)) != 0)
        printf("FAILED: %s was not played: %s\n", path, peer.reason);
    printf("%llu passed, %llu failed, %u undocumented, %u line ends\n", (unsigned long long)playback.passed,
           (unsigned long long)playback.failed + connection.failures, connection.undocumented,
           connection.line_ends);
    free(bytes);
}

static bool set_manners(const char *name, const char *value)
{
    static const struct {
        const char *name;
        bool *on;
    } switches[] = {{"null", &manners.null_functions},
                    {"connect2", &manners.connect2},
                    {"connect-version", &manners.connect_version},
                    {"header-events", &manners.header_events},
                    {"header-ends", &manners.header_line_ends},
                    {"header-undefined", &manners.header_undefined}};
    const uint32_t number = (uint32_t)strtoul(value, NULL, 0);
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (strcmp(name, switches[i].name) == 0) {
            *switches[i].on = strcmp(value, "on") == 0;
            return true;
        }
    if (strcmp(name, "usual") == 0)
        manners_usual();
    else if (strcmp(name, "size") == 0)
        manners.interface_size = number;
    else if (strcmp(name, "version") == 0)
        manners.version = number;
    else if (strcmp(name, "event-version") == 0)
        manners.event_version = number;
    else if (strcmp(name, "flags") == 0)
        manners.flags = number;
    else if (strcmp(name, "compliant") == 0)
        snprintf(manners.compliant, sizeof manners.compliant, "%s", value);
    else if (strcmp(name, "added") == 0)
        snprintf(manners.added, sizeof manners.added, "%s", value);
    else
        return false;
    return true;
}

static bool obey_setting(const char *verb, char *rest)
{
    if (strcmp(verb, "manners") == 0) {
        char *value = strchr(rest, ' ');
        if (value)
            *value++ = '\0';
        return set_manners(rest, value ? value : "");
    }
    if (strcmp(verb, "clock") == 0) {
        snprintf(clock_file, sizeof clock_file, "%s", rest);
        connection.clock_file = clock_file;
    } else if (strcmp(verb, "as") == 0) {
        playback.server = dialogue_server(text_z(rest));
    } else if (strcmp(verb, "show") == 0) {
        playback.show = strcmp(rest, "on") == 0;
    } else if (strcmp(verb, "say") == 0) {
        printf("%s\n", rest);
    } else {
        return false;
    }
    return true;
}

static bool obey(const char *verb, char *rest)
{
    if (strcmp(verb, "load") == 0)
        return stage_load(rest);
    if (strcmp(verb, "unload") == 0) {
        stage_unload();
        printf("unloaded\n");
    } else if (strcmp(verb, "start") == 0) {
        int result = stage_startup(rest);
        printf("startup %d, %u handlers\n", result, stage_registered());
    } else if (strcmp(verb, "stop") == 0) {
        int result = stage_closedown();
        printf("closedown %d, %u handlers\n", result, stage_registered());
    } else if (strcmp(verb, "configure") == 0) {
        printf("configure %d\n", stage_configure());
    } else if (strcmp(verb, "daemon") == 0) {
        printf("daemon %d\n", stage_daemon());
    } else if (strcmp(verb, "play") == 0) {
        for (char *file = strtok(rest, " "); file; file = strtok(NULL, " "))
            play(file);
    } else if (strcmp(verb, "soak") == 0) {
        char *second = rest;
        unsigned long threads = strtoul(rest, &second, 10), sessions = strtoul(second, NULL, 10);
        if (!soak((unsigned)threads, (unsigned)sessions))
            printf("FAILED: soak\n");
    } else if (strcmp(verb, "collide") == 0) {
        if (!collide((unsigned)strtoul(rest, NULL, 10)))
            printf("FAILED: collide\n");
    } else if (strcmp(verb, "cross") == 0) {
        if (!cross())
            printf("FAILED: cross\n");
    } else if (strcmp(verb, "soak-and-stop") == 0) {
        int result = soak_and_stop((unsigned)strtoul(rest, NULL, 10));
        printf("closedown %d, %u handlers\n", result, stage_registered());
    } else {
        return obey_setting(verb, rest);
    }
    return true;
}

int main(void)
{
    static char line[8192];
    setvbuf(stdout, NULL, _IONBF, 0);
    manners_usual();
    connection_init(&connection, &playback.clock, &peer);
    playback.mismatch = on_mismatch;
    playback.line = on_line;
    playback.clock = 1180000000;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        char *rest = strchr(line, ' ');
        if (rest)
            *rest++ = '\0';
        if (!*line || *line == '#')
            continue;
        if (!obey(line, rest ? rest : line + strlen(line))) {
            printf("FAILED: cannot %s\n", line);
            return 2;
        }
    }
    return 0;
}
