#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "core/os/os.h"
#include "tools/os/os.h"

bool tempdir_make(char *path, size_t cap)
{
    errno = os_make_tempdir(path, cap);
    return errno == 0;
}

void tempdir_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[4096];
        int n = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof file)
            os_remove(file);
    }
    closedir(folder);
    os_remove_folder(path);
}
