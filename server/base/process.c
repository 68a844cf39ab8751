/* process.c: what the kernel tells of this process, as metrics. Read when somebody asks, and so at
 * no other cost. */
#include <funneld/base.h>

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long long pages = 0;
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d %lld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = -3; /* ".", ".." and the folder itself */
    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static int64_t time_us(const struct timeval *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_usec;
}

void process_measure(void)
{
    struct rusage usage;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metric_set(METRIC_CPU_US, time_us(&usage.ru_utime) + time_us(&usage.ru_stime));
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(METRIC_FILES_MAX, (int64_t)limit.rlim_cur);
    metric_set(METRIC_RESIDENT_BYTES, resident_bytes());
    metric_set(METRIC_OPEN_FILES, open_files());
}
