/*
 * bench_loading - the time to open an engine: by parsing the rule file, and from the image of it that an
 * earlier process left. The image is in the page cache, as on a server with any traffic.
 */
#include "bench_rules.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/gatepost.h"

enum { SIZES = 4, ROUNDS = 41 };

struct subject {
    unsigned rules;
    size_t text_size;
    char config[512], state[512];
};

static void no_log(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level, (void)line, (void)n;
}

static void open_and_close(const struct subject *s, const char *state, uint32_t flags)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    struct gp_host host = {.size = sizeof host, .log = no_log};
    struct gp_error error = {.size = sizeof error};
    struct gp_open_options o = {
        .size = sizeof o, .flags = flags, .host = &host, .config = s->config, .state_dir = state};
    struct gp_engine *engine;
    if (api->engine_open(&o, &engine, &error) != 1)
        bench_fail("%s:%u: %s", error.file, error.line, error.message);
    api->engine_close(&engine);
}

static void run_parse(void *context, unsigned times)
{
    while (times--)
        open_and_close(context, NULL, GP_NO_STATE);
}

static void run_image(void *context, unsigned times)
{
    struct subject *s = context;
    while (times--)
        open_and_close(s, s->state, GP_READ_ONLY);
}

/* Returns the size of the only file in FOLDER, and removes it if REMOVE. */
static size_t only_file(const char *folder, int remove_it)
{
    size_t size = 0;
    char path[1024];
    struct stat st;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0)
            continue;
        size += (size_t)st.st_size;
        if (remove_it)
            unlink(path);
    }
    if (d)
        closedir(d);
    return size;
}

int main(int argc, char **argv)
{
    static const unsigned size[SIZES] = {10, 100, 1000, 10000};
    static struct subject subject[SIZES];
    static struct lane lane[SIZES][2];
    size_t image[SIZES];
    if (argc != 2)
        bench_fail("usage: bench_loading FOLDER");
    for (unsigned i = 0; i < SIZES; i++) {
        struct subject *s = &subject[i];
        struct bench_rules made = bench_rules_make(size[i]);
        s->rules = size[i];
        s->text_size = made.size;
        snprintf(s->config, sizeof s->config, "%s/%u.conf", argv[1], size[i]);
        snprintf(s->state, sizeof s->state, "%s/%u.state", argv[1], size[i]);
        bench_write(s->config, made.text, made.size);
        bench_rules_free(&made);
        mkdir(s->state, 0755);
        open_and_close(s, s->state, 0); /* writes the image */
        image[i] = only_file(s->state, 0);
        if (image[i] == 0)
            bench_fail("no image was written");
        lane[i][0] = (struct lane){.run = run_parse, .context = s};
        lane[i][1] = (struct lane){.run = run_image, .context = s};
    }
    bench_race(lane[0], (size_t)SIZES * 2, ROUNDS, 500);

    printf("Rules ready to judge: engine opened and closed\n\n");
    printf("  rules |  rule file |      image |     parsed | from the image | parsed to image\n");
    for (unsigned i = 0; i < SIZES; i++)
        printf("  %5u | %7.1f kB | %7.1f kB | %7.3f ms |     %7.4f ms | x%.0f\n", size[i],
               (double)subject[i].text_size / 1e3, (double)image[i] / 1e3, lane[i][0].median_us / 1e3,
               lane[i][1].median_us / 1e3, lane[i][0].median_us / lane[i][1].median_us);
    printf("  towards: 10,000 rules parsed in 10 ms (%s), from the image in 0.1 ms (%s)\n",
           lane[3][0].median_us < 10000 ? "reached" : "not reached",
           lane[3][1].median_us < 100 ? "reached" : "not reached");
    for (unsigned i = 0; i < SIZES; i++) {
        only_file(subject[i].state, 1);
        rmdir(subject[i].state);
        unlink(subject[i].config);
    }
    return 0;
}
