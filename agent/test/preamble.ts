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
  fentry vfio_remove_dma
  fexit vfio_device_fops_mmap
  fexit vfio_pci_mmap_huge_fault
  fentry vfio_iommu_type1_ioctl
  fentry unmap_mapping_range
  fentry vfio_pci_zap_and_down_write_memory_lock
  fentry vfio_pci_ioeventfd_handler
  fentry vfio_msihandler
  fexit vfio_intx_handler
  iter vfio_device_fops
  log /dev/kmsg
  fexit vfio_pci_config_rw
  fexit vfio_pin_pages
  fexit vfio_unpin_pages
  fexit vfio_dma_rw
  raw_tp aer_event
  fentry eventfd_signal_mask
  tp kvm_pi_irte_update
  fentry kvm_arch_irq_bypass_add_producer
  fexit iommufd_ioas_map
  fexit iommufd_ioas_unmap
  fexit iommufd_hwpt_alloc
  raw_tp kvm_entry
  fexit pci_try_reset_function
  fexit pci_reset_function
  data mlx5_vfio_pci
  data hisi_acc_vfio_pci
  data pds_vfio_pci
  data mtty`;

export const PREAMBLE: readonly string[] = [
  '0 tick',
  ...PROBES.trim()
    .split('\n')
    .map((probe) => `0 probe ${probe.trim()} attached`),
];
