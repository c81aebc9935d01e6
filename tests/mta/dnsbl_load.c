/*
 * dnsbl_load.c - many threads whose sessions ask one engine at the same time, as a threaded server does.
 *
 *   dnsbl-load CONF THREADS SESSIONS
 *
 * Each thread opens so many sessions, from 203.0.113.9 and from addresses of its own in turn. Prints how many
 * were turned away, how many passed, the slowest answer in milliseconds, and the log.
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
    printf("%.*s\n", (int)n, line);
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

int main(int argc, char **argv)
{
    enum { THREADS_MOST = 200 };
    static pthread_t thread[THREADS_MOST];
    static unsigned number[THREADS_MOST];
    struct gp_host host = {.size = sizeof host, .log = log_line};
    struct gp_open_options options = {.size = sizeof options, .flags = GP_NO_STATE, .host = &host};
    struct gp_error error = {.size = sizeof error};
    int threads = argc == 4 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (threads < 1 || threads > THREADS_MOST)
        return 2;
    sessions = (int)strtol(argv[3], NULL, 10);
    api = gatepost_api(GP_API_MAJOR);
    options.config = argv[1];
    if (api->engine_open(&options, &engine, &error) != 1) {
        fprintf(stderr, "%s:%u:%u: %s\n", error.file, error.line, error.column, error.message);
        return 3;
    }
    for (int i = 0; i < threads; i++) {
        number[i] = (unsigned)i;
        if (pthread_create(&thread[i], NULL, work, &number[i]) != 0)
            return 3;
    }
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    api->engine_close(&engine);
    printf("refused %d passed %d wrong %d slowest %d\n", refused, passed, wrong, slowest);
    return 0;
}
