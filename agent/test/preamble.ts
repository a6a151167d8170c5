// SPDX-License-Identifier: Apache-2.0
/** How a stream starts on a host where everything can be observed, as scenario lines. */
const PROBES = `
  fexit vfio_df_open
  fentry vfio_df_close
  fentry vfio_device_fops_unl_ioctl
  fexit vfio_device_fops_unl_ioctl
  fexit vfio_mig_get_next_state
  fexit vfio_iommu_type1_ioctl
  fexit vfio_iommu_type1_attach_group
  fexit vfio_device_fops_read
  fexit vfio_device_fops_write
  fexit pci_try_reset_function
  fexit pci_reset_function
  fexit mlx5vf_save_read
  fexit hisi_acc_vf_save_read
  fexit pds_vfio_save_read
  fexit mtty_save_read`;

export const PREAMBLE: readonly string[] = [
  '0 tick',
  ...PROBES.trim()
    .split('\n')
    .map((probe) => `0 probe ${probe.trim()} attached`),
];
