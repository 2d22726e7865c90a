/* The citizens' weekly change of opinion (Friedkin and Johnsen 1990), written as the rules are. */

#include <stdint.h>

void opinions(int64_t weeks, int64_t citizens, const uint32_t *start, const uint32_t *tie,
              const double *tie_weight, const double *susceptibility, const double *anchor,
              double *opinion, double *means, double *mean_opinion)
{
    for (int64_t week = 0; week < weeks; week++) {
        double sum = 0.0;
        for (int64_t i = 0; i < citizens; i++) {
            uint32_t first = start[i], last = start[i + 1];
            double total = 0.0, weight = tie_weight[i];
            for (uint32_t at = first; at < last; at++)
                total += weight * opinion[tie[at]];
            double mean = last > first ? total : opinion[i];
            means[i] = susceptibility[i] * mean + anchor[i];
            sum += means[i];
        }
        *mean_opinion = sum / citizens;
        for (int64_t i = 0; i < citizens; i++)
            opinion[i] = means[i];
    }
}
