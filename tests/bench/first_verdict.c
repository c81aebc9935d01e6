/*
 * first_verdict [MODULE [CONFIG STATE-DIR]] - what a new process of an MTA does: loads MODULE, opens an engine,
 * has a HELO judged, and prints how many microseconds that took. Without arguments it is the empty program for
 * comparison. With MODULE alone it only loads it. Run by bench_launch.
 */
#include "bench_rules.h"

#include <dlfcn.h>
#include <unistd.h>

#include "core/gatepost.h"

static void no_log(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level, (void)line, (void)n;
}

static void judge(const struct gp_api *api, const char *config, const char *state)
{
    static const char address[] = "198.51.100.17", helo[] = "EHLO localhost";
    struct gp_host host = {.size = sizeof host, .log = no_log};
    struct gp_open_options o = {.size = sizeof o, .host = &host, .config = config, .state_dir = state};
    struct gp_client client = {.size = sizeof client, .address = address, .address_size = sizeof address - 1};
    struct gp_verdict v = {.size = sizeof v};
    struct gp_engine *engine;
    struct gp_session *session;
    if (api->engine_open(&o, &engine, NULL) != 1 || api->session_open(engine, &client, &session) != 0)
        bench_fail("no session");
    /* Not a fully qualified name: the verdict is held until MAIL. */
    if (api->connect(session, &v) != GP_PASS || api->helo(session, helo, sizeof helo - 1, 0, &v) != GP_PASS ||
        api->mail(session, "MAIL FROM:<a@example.net>", 25, 0, &v) != GP_REFUSE)
        bench_fail("a bad HELO passed");
}

int main(int argc, char **argv)
{
    char text[32];
    if (argc < 2)
        return 0;
    double from = bench_now_us(CLOCK_MONOTONIC);
    void *module = dlopen(argv[1], RTLD_NOW);
    if (!module)
        bench_fail("%s", dlerror());
    if (argc == 4) {
        const struct gp_api *(*entry)(uint32_t) = NULL;
        *(void **)&entry = dlsym(module, "gatepost_api");
        if (!entry)
            bench_fail("%s", dlerror());
        judge(entry(GP_API_MAJOR), argv[2], argv[3]);
    }
    int n = snprintf(text, sizeof text, "%.1f", bench_now_us(CLOCK_MONOTONIC) - from);
    return write(1, text, (size_t)n) == n ? 0 : 1;
}
