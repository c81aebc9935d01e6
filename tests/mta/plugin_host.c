/*
 * plugin_host.c - a server for the tests of plugins, without a network.
 *
 *   plugin-host talk CONF ADDRESS        one session; the client's lines come from standard input
 *   plugin-host crowd CONF THREADS SESSIONS   many threads that share one engine, each with that many sessions, from
 *                                        203.0.113.9 and from addresses of their own in turn
 *
 * `talk` prints a reply to each line. `crowd` prints how many sessions were refused, how many passed, and the
 * slowest answer in milliseconds. The log goes to standard error.
 */
#define _POSIX_C_SOURCE 200809L

#include "core/gatepost.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct gp_api *api;
static struct gp_engine *engine;
static atomic_int refused, passed, slowest, wrong;
static int sessions;

static int milliseconds(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000);
}

static void log_line(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level;
    fprintf(stderr, "%.*s\n", (int)n, line);
}

static void one_session(const char *address, int is_listed)
{
    struct gp_client client = {.size = sizeof client, .address = address, .address_size = strlen(address)};
    struct gp_session *s;
    struct timespec begun;
    if (api->session_open(engine, &client, &s) != 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int action = api->connect(s, NULL);
    int took = milliseconds(&begun);
    int most = atomic_load(&slowest);
    while (took > most && !atomic_compare_exchange_weak(&slowest, &most, took))
        ;
    atomic_fetch_add(action == GP_PASS ? &passed : &refused, 1);
    if (action != GP_PASS && !is_listed)
        atomic_fetch_add(&wrong, 1);
    api->session_close(&s);
}

static void *work(void *context)
{
    const unsigned number = *(const unsigned *)context;
    for (int i = 0; i < sessions; i++) {
        char address[64];
        snprintf(address, sizeof address, i % 2 ? "203.0.113.9" : "198.51.%u.%d", number % 256, i / 2 % 256);
        one_session(address, i % 2);
    }
    return NULL;
}

static int crowd(int threads)
{
    enum { THREADS_MOST = 200 };
    static pthread_t thread[THREADS_MOST];
    static unsigned number[THREADS_MOST];
    if (threads < 1 || threads > THREADS_MOST)
        return 2;
    for (int i = 0; i < threads; i++) {
        number[i] = (unsigned)i;
        if (pthread_create(&thread[i], NULL, work, &number[i]) != 0)
            return 3;
    }
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    printf("refused %d passed %d wrong %d slowest %d\n", refused, passed, wrong, slowest);
    return 0;
}

/* The phase of LINE; a line that is not a command is a line of the header. */
static int tell(struct gp_session *s, const char *line, struct gp_verdict *v)
{
    const size_t n = strlen(line);
    if (strncmp(line, "EHLO", 4) == 0)
        return api->helo(s, line, n, 0, v);
    if (strncmp(line, "MAIL", 4) == 0)
        return api->mail(s, line, n, 0, v);
    if (strncmp(line, "RCPT", 4) == 0)
        return api->rcpt(s, line, n, 0, v);
    if (strncmp(line, "DATA", 4) == 0)
        return api->data(s, v);
    if (strncmp(line, ".\n", 2) == 0)
        return api->end_of_message(s, 0, v);
    api->header_text(s, line, n);
    return -1;
}

static int talk(const char *address)
{
    static char line[1 << 16];
    struct gp_client client = {.size = sizeof client, .address = address, .address_size = strlen(address)};
    struct gp_verdict v = {.size = sizeof v};
    struct gp_session *s;
    if (api->session_open(engine, &client, &s) != 0)
        return 3;
    int action = api->connect(s, &v);
    for (;;) {
        if (action >= 0)
            printf("%s\n", action == GP_PASS ? "250 pass" : v.reply);
        if (action == GP_CLOSE || !fgets(line, sizeof line, stdin))
            break;
        action = tell(s, line, &v);
    }
    api->session_close(&s);
    return 0;
}

int main(int argc, char **argv)
{
    struct gp_host host = {.size = sizeof host, .log = log_line};
    struct gp_open_options options = {.size = sizeof options, .flags = GP_NO_STATE, .host = &host};
    struct gp_error error = {.size = sizeof error};
    const int many = argc == 5 && strcmp(argv[1], "crowd") == 0;
    if (!many && (argc != 4 || strcmp(argv[1], "talk") != 0))
        return 2;
    api = gatepost_api(GP_API_MAJOR);
    options.config = argv[2];
    if (api->engine_open(&options, &engine, &error) != 1) {
        fprintf(stderr, "%s:%u:%u: %s\n", error.file, error.line, error.column, error.message);
        return 3;
    }
    if (many)
        sessions = (int)strtol(argv[4], NULL, 10);
    int status = many ? crowd((int)strtol(argv[3], NULL, 10)) : talk(argv[3]);
    api->engine_close(&engine);
    return status;
}
